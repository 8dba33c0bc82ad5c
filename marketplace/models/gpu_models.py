"""The catalogue of GPU models that offers may name; figures and class come from compliance's catalogue."""

from django.db import models


class GpuModel(models.Model):
    """A model of accelerator. `eccn` is shown to people; the gate classifies for itself."""

    slug = models.SlugField(primary_key=True, max_length=64)
    name = models.CharField(max_length=120)
    vendor = models.CharField(max_length=40)
    memory_gib = models.PositiveIntegerField()
    eccn = models.CharField(max_length=16)
    controlled = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
