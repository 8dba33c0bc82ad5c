import subprocess
import tarfile
from io import BytesIO

import pytest
from gridclear.agent import demo_image


def test_the_archive_is_the_same_each_time_and_belongs_to_root():
    first = demo_image.archive()
    assert first == demo_image.archive()
    with tarfile.open(fileobj=BytesIO(first)) as tar:
        entries = tar.getmembers()
    assert {entry.uid for entry in entries} == {0}
    assert "./gridclear/demo.sh" in [entry.name for entry in entries]


def test_without_busybox_the_machines_own_shell_and_its_libraries_make_the_root(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_image, "_static_busybox", lambda: None)
    root = tmp_path / "root"
    demo_image.lay_out(root)
    shell = root / "bin" / "sh"
    assert shell.is_file()
    assert not shell.is_symlink()
    for library in demo_image._libraries(shell):
        assert (root / str(library).lstrip("/")).is_file()
    said = subprocess.run([shell, "-c", "echo $((6 * 7))"], capture_output=True, text=True, check=True)
    assert said.stdout == "42\n"


def test_a_root_of_the_machines_own_shell_runs_by_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(demo_image, "_static_busybox", lambda: None)
    root = tmp_path / "root"
    demo_image.lay_out(root)
    said = subprocess.run(
        ["chroot", root, "/bin/sh", "-c", "echo in; /bin/sleep 0; ls /"], capture_output=True, text=True, check=False
    )
    if "not permitted" in said.stderr:
        pytest.skip("a chroot is not permitted here")
    assert said.stderr == ""
    assert said.stdout.splitlines()[0] == "in"
    assert "home" not in said.stdout.split()
