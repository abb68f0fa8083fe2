#!/usr/bin/env python3
"""Make a container image of deploy/Containerfile, without a daemon and without root.

    deploy/image.py -o solgate.oci.tar amd64=FOLDER [arm64=FOLDER] [--label NAME=VALUE] [--add FILE=/PATH]

FOLDER is an unpacked release for that architecture: what the Containerfile copies is looked
for in it. The result is an OCI archive, the same bytes for the same files: what says a time
says SOURCE_DATE_EPOCH, or 1970.

    skopeo copy --all oci-archive:solgate.oci.tar docker://registry.example/nfv/solgate:0.1.0

Exit status: 0 made, 2 the Containerfile or the files are not as they should be.
"""

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import shlex
import sys
import tarfile
import time
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

CONTAINERFILE = Path(__file__).resolve().with_name("Containerfile")
ARCHITECTURES = ("amd64", "arm64")
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


# Content, which folders have none of, mode, and owner with group.
Entry = tuple[bytes | None, int, tuple[int, int]]


class Mistake(Exception):
    """What is wrong, for the user."""


@dataclass
class Copy:
    """From a path in the folder to one in the image."""

    source: str
    target: str
    owner: tuple[int, int] = (0, 0)
    # That of the file, if it is not given.
    mode: int | None = None


@dataclass
class Recipe:
    """What the Containerfile says."""

    copies: list["Copy"] = field(default_factory=list)
    config: dict = field(default_factory=dict)


def main() -> int:
    arguments = parsed()
    try:
        images = dict(pair(text, "=FOLDER") for text in arguments.folders)
        if wrong := [name for name in images if name not in ARCHITECTURES]:
            raise Mistake(f"{wrong[0]} is not an architecture of an image; expected {' or '.join(ARCHITECTURES)}")
        epoch = int(os.environ.get("SOURCE_DATE_EPOCH", "0"))
        recipe = read_recipe(CONTAINERFILE.read_text(encoding="utf-8"))
        recipe.config.setdefault("Labels", {}).update(pair(text, "=VALUE") for text in arguments.label)
        added = [pair(text, "=/PATH") for text in arguments.add]
        made = archive(recipe, images, added, epoch)
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_bytes(made)
    except (Mistake, OSError, ValueError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 2
    print(f"image: {arguments.output}, {len(made)} bytes, sha256 {hashlib.sha256(made).hexdigest()}")
    return 0


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", metavar="ARCHITECTURE=FOLDER", help="an unpacked release")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="the archive to write")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE", help="say something of the image; can be repeated")
    parser.add_argument("--add", action="append", default=[], metavar="FILE=/PATH", help="one more file, such as certificates of your own authority; can be repeated")
    return parser.parse_args()


def pair(text: str, expected: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise Mistake(f"{text!r} is not of the form NAME{expected}")
    return name, value


def read_recipe(text: str) -> Recipe:
    """The Containerfile, of which every line must be understood: another builder would obey it."""
    recipe = Recipe()
    config = recipe.config
    for line in re.sub(r"\\\n", " ", text).splitlines():
        word, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        match word:
            case _ if not word or word.startswith("#"):
                continue
            case "FROM" if rest == "scratch":
                continue
            case "COPY":
                recipe.copies.append(read_copy(rest))
            case "LABEL":
                config.setdefault("Labels", {}).update(pair(part, "=VALUE") for part in shlex.split(rest))
            case "ENV":
                config.setdefault("Env", []).extend("=".join(pair(part, "=VALUE")) for part in shlex.split(rest))
            case "EXPOSE":
                config.setdefault("ExposedPorts", {}).update({f"{port}/tcp": {} for port in rest.split()})
            case "VOLUME":
                config.setdefault("Volumes", {}).update({path: {} for path in rest.split()})
            case "USER":
                config["User"] = rest
            case "STOPSIGNAL":
                config["StopSignal"] = rest
            case "ENTRYPOINT" | "CMD" if rest.startswith("["):
                config[word.capitalize()] = json.loads(rest)
            case _:
                raise Mistake(f"{CONTAINERFILE.name}: this line is not understood: {line.strip()}")
    return recipe


def read_copy(rest: str) -> Copy:
    *options, source, target = rest.split()
    copy = Copy(source, target)
    for option in options:
        name, _, value = option.partition("=")
        if name == "--chown" and re.fullmatch(r"[0-9]+:[0-9]+", value):
            user, group = value.split(":")
            copy.owner = (int(user), int(group))
        elif name == "--chmod" and re.fullmatch(r"[0-7]{3}", value):
            copy.mode = int(value, 8)
        else:
            raise Mistake(f"{CONTAINERFILE.name}: {option} is not understood; expected --chown=UID:GID or --chmod=MODE")
    if not target.startswith("/"):
        raise Mistake(f"{CONTAINERFILE.name}: expected one file or folder and an absolute path, not COPY {rest}")
    return copy


def archive(recipe: Recipe, images: dict[str, str], added: list[tuple[str, str]], epoch: int) -> bytes:
    blobs: dict[str, bytes] = {}

    def blob(media_type: str, content: bytes, **more: object) -> dict:
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content), **more}

    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))
    manifests = []
    for architecture, folder in images.items():
        tar = layer(recipe, Path(folder), added, epoch)
        config = {
            "created": created,
            "architecture": architecture,
            "os": "linux",
            "config": recipe.config,
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(tar).hexdigest()}"]},
            "history": [{"created": created, "created_by": "deploy/image.py"}],
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": blob(CONFIG, text(config)),
            "layers": [blob(LAYER, gzip.compress(tar, compresslevel=6, mtime=0))],
        }
        manifests.append(blob(MANIFEST, text(manifest), platform={"architecture": architecture, "os": "linux"}))
    whole = blob(INDEX, text({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}))
    files = {
        "oci-layout": text({"imageLayoutVersion": "1.0.0"}),
        "index.json": text({"schemaVersion": 2, "mediaType": INDEX, "manifests": [whole]}),
        **{f"blobs/sha256/{digest}": content for digest, content in sorted(blobs.items())},
    }
    return tarred({path: (content, 0o644, (0, 0)) for path, content in files.items()}, epoch)


def text(value: dict) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def layer(recipe: Recipe, folder: Path, added: list[tuple[str, str]], epoch: int) -> bytes:
    """What the Containerfile copies, as a tar; folders have no content."""
    copies = [(copy, folder / copy.source) for copy in recipe.copies]
    copies += [(Copy(source, target), Path(source)) for source, target in added]
    entries: dict[str, Entry] = {}
    for copy, found in copies:
        runs = found.is_dir() or os.access(found, os.X_OK)
        mode = copy.mode if copy.mode is not None else 0o755 if runs else 0o644
        if found.is_dir() and any(found.iterdir()):
            raise Mistake(f"{found} is not empty; of folders only empty ones are copied")
        # A file that is added takes the place of one that is copied.
        entries[copy.target.strip("/")] = (None if found.is_dir() else found.read_bytes(), mode, copy.owner)
    return tarred(entries, epoch)


def tarred(entries: dict[str, Entry], epoch: int) -> bytes:
    """Files and folders, each after the folders that it is in."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        there: set[str] = set()
        for path, (content, mode, owner) in entries.items():
            for parent in reversed(PurePosixPath(path).parents):
                if str(parent) != "." and str(parent) not in there:
                    there.add(str(parent))
                    tar.addfile(entry(str(parent), None, 0o755, (0, 0), epoch))
            there.add(path)
            tar.addfile(entry(path, content, mode, owner, epoch), io.BytesIO(content or b""))
    return output.getvalue()


def entry(path: str, content: bytes | None, mode: int, owner: tuple[int, int], epoch: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(path)
    info.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
    info.size = len(content or b"")
    info.mode, info.mtime = mode, epoch
    info.uid, info.gid = owner
    return info


if __name__ == "__main__":
    sys.exit(main())
