#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Lists the licences of all packages that the lock files name, in THIRD-PARTY.md.

licenses.py          writes it
licenses.py --check  says what is not up to date, and exits with 1

What a package says of its licence is in the .nuspec of the restored package; so restore first.
"""
import json
import os
import pathlib
import sys
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = pathlib.Path(os.environ.get("NUGET_PACKAGES") or pathlib.Path.home() / ".nuget/packages")
LIST = ROOT / "THIRD-PARTY.md"

# Of packages that have a file, or a page, instead of an expression: what stands there.
READ = {
    "commandlineparser": "MIT",  # License.md
    "microsoft.dotnet.platformabstractions": "MIT",  # LICENSE.TXT
    "mono.posix.netstandard": "MIT",  # it refers to Mono's licence, which for class libraries is this one
}

# What the SDK adds to a build and what never becomes part of a program.
BUILD_ONLY = {"microsoft.net.illink.tasks", "microsoft.dotnet.ilcompiler", "runtime.linux-x64.microsoft.dotnet.ilcompiler",
              "grpc.tools", "microsoft.codeanalysis.publicapianalyzers"}


def locked(path):
    """The packages of a lock file: (id, version), of every framework and runtime in it."""
    found = set()
    for packages in json.loads(path.read_text())["dependencies"].values():
        for name, entry in packages.items():
            if entry["type"] != "Project":
                found.add((name, entry["resolved"]))
    return found


def nuspec_of(name, version):
    """Of a package for another kind of machine, which is not restored here, that of the same one for this kind."""
    kinds = [name.lower()]
    if kinds[0].startswith("runtime.linux-"):
        rest = kinds[0].split(".", 2)[2]
        kinds += sorted(folder.name for folder in PACKAGES.glob(f"runtime.linux-*.{rest}"))
    paths = [PACKAGES / kind / version.lower() / f"{kind}.nuspec" for kind in kinds]
    return next((path for path in paths if path.exists()), None)


def licence(name, version):
    nuspec = nuspec_of(name, version)
    if nuspec is None:
        sys.exit(f"licenses.py: {name} {version} is not restored: run dotnet restore")
    metadata = next(element for element in xml.etree.ElementTree.parse(nuspec).getroot() if element.tag.endswith("metadata"))
    for element in metadata:
        if element.tag.endswith("}license") and element.get("type") == "expression":
            return element.text
    try:
        return READ[name.lower()]
    except KeyError:
        sys.exit(f"licenses.py: {name} {version} does not name its licence: read it, and add it to READ")


def table(packages):
    rows = [f"| {name} | {version} | {licence(name, version)} |" for name, version in sorted(packages, key=lambda p: (p[0].lower(), p[1]))]
    return "\n".join(["| package | version | licence |", "|---|---|---|", *rows])


everything = set().union(*(locked(path) for path in sorted(
    [*ROOT.glob("*/packages*.lock.json"), *ROOT.glob("samples/*/packages.lock.json")])))
program = {(name, version) for name, version in locked(ROOT / "Flower/packages.linux-x64.lock.json") if name.lower() not in BUILD_ONLY}
text = f"""# Third-party packages

The licences of all packages that Flower is made of, or made with, by what the packages themselves say. Made by
`packaging/licenses.py` from the lock files; a test checks that it is up to date.

## Part of the program

Besides the .NET runtime and ASP.NET Core, which are MIT.

{table(program)}

## For building and testing

{table(everything - program)}
"""
if sys.argv[1:] == ["--check"]:
    if not LIST.exists() or LIST.read_text() != text:
        sys.exit("THIRD-PARTY.md is not up to date: run packaging/licenses.py")
else:
    LIST.write_text(text)
