"""Uploads: kept in memory and within limits, never on the disk."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

MOST_OF_A_FILE = 10 * 1024 * 1024
MOST_OF_A_REQUEST = 64 * 1024 * 1024


class MemoryUpload(FileUploadHandler):
    """A file is in memory when its form is read; of one that is too large nothing is kept but its size.

    So a form can say that it is too large. A request that is too large altogether is cut off.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> None:
        """Raises StopUpload for a request that says it is too large."""
        if content_length > MOST_OF_A_REQUEST:
            raise StopUpload(connection_reset=True)

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """A file begins."""
        super().new_file(*args, **kwargs)
        self._body, self._size = BytesIO(), 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """The chunk is kept, unless the file has grown too large."""
        self._size += len(raw_data)
        if self._size > MOST_OF_A_FILE:
            self._body = BytesIO()
        else:
            self._body.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """The file; one that is too large says its size and holds nothing."""
        self._body.seek(0)
        return InMemoryUploadedFile(
            file=self._body,
            field_name=self.field_name,
            name=self.file_name or "",
            content_type=self.content_type or "",
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )
