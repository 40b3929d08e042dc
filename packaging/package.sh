#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Builds what is installed: a Debian package, a tarball of the same, the packages for .NET, and a bill of materials.
#
#     packaging/package.sh [--published FOLDER] [--version VERSION] [--only debian|dotnet] [FOLDER]
#
# All goes to FOLDER, artifacts/ by default. --published takes a program from
# there instead of publishing it. Needs the .NET SDK, git and python3
# and, for the Debian package, what clang and zlib1g-dev, debhelper and dpkg-dev bring.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
version=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' Directory.Build.props)
published='' only='' out=artifacts
while [ $# -gt 0 ]; do
  case $1 in
    --published) published=$(realpath "$2"); shift 2 ;;
    --version) version=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    -*) echo "package.sh: $1 is no option" >&2; exit 64 ;;
    *) out=$1; shift ;;
  esac
done
mkdir -p "$out"
out=$(realpath "$out")
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# The same commit makes the same packages.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || date +%s)
export SOURCE_DATE_EPOCH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# CycloneDX, of what becomes part of the program.
bill() {
  dotnet tool restore >/dev/null
  dotnet tool run dotnet-CycloneDX -- Flower/Flower.csproj --output "$out" --filename flower.cdx.json --output-format Json \
    --exclude-dev --no-serial-number --set-name flower --set-version "$version" --set-type Application >/dev/null
  # The runtime becomes part of the program, and is no package that the project names.
  python3 - "$out/flower.cdx.json" "$(sed -n 's:.*<PinnedRuntimeVersion>\(.*\)</.*:\1:p' Directory.Build.targets)" <<'P'
import json, sys
path, version = sys.argv[1:]
with open(path) as file:
    bill = json.load(file)
for name in ("Microsoft.NETCore.App.Runtime.NativeAOT.linux", "Microsoft.AspNetCore.App.Runtime.linux"):
    for machine in ("x64", "arm64"):
        purl = f"pkg:nuget/{name}-{machine}@{version}"
        bill["components"].append({
            "type": "framework", "bom-ref": purl, "name": f"{name}-{machine}", "version": version, "scope": "required",
            "licenses": [{"license": {"id": "MIT"}}], "purl": purl})
with open(path, "w") as file:
    json.dump(bill, file, indent=2)
P
}

debian() {
  if [ -z "$published" ]; then
    published=$work/published
    dotnet publish Flower --configuration Release --output "$published" -p:Version="$version"
  fi
  local tree=$work/flower-$version
  mkdir -p "$tree"
  cp -r packaging/debian packaging/etc packaging/man docs README.md THIRD-PARTY.md "$tree"
  cp -r Flower.Protocol/Protos "$tree"
  git ls-files -z samples ':!*.lock.json' | xargs -0 cp --parents --target-directory "$tree"
  cp packaging/completions/* "$out/flower.cdx.json" "$tree"
  # What the program loads is beside it.
  mkdir "$tree/program"
  install -m 755 "$published/flower" "$tree/program"
  install -m 644 "$published"/*.so "$tree/program"
  for unit in packaging/systemd/flower-switchboard.*; do
    cp "$unit" "$tree/debian/flower.$(basename "$unit")"
  done
  mkdir "$tree/templates"
  cp packaging/systemd/*@.service "$tree/templates"
  cp packaging/sysusers.conf "$tree/debian/flower.sysusers"
  cp packaging/tmpfiles.conf "$tree/debian/flower.tmpfiles"
  cp packaging/logrotate.conf "$tree/debian/flower.logrotate"
  # What LICENSE says, in the form that Debian wants: each line indented, and a dot for an empty one.
  sed -n '/^Redistribution/,$p' LICENSE | sed 's/^$/./; s/^/ /' >"$work/licence"
  sed -i -e "/^License: BSD-2-Clause/r $work/licence" "$tree/debian/copyright"
  printf 'flower (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- The Flower authors <authors@flower.invalid>  %s\n' \
    "$version" "$(date -R -u -d "@$SOURCE_DATE_EPOCH")" >"$tree/debian/changelog"
  (cd "$tree" && dpkg-buildpackage --build=binary --no-sign >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 1; }
  local deb=flower_${version}_$(dpkg --print-architecture).deb
  cp "$work/$deb" "$out"
  dpkg-deb --fsys-tarfile "$work/$deb" >"$work/tree.tar"
  mkdir "$work/unpacked"
  tar -xf "$work/tree.tar" -C "$work/unpacked"
  tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --transform "s,^\.,flower-$version," \
    -C "$work/unpacked" -cf - . | gzip -9n >"$out/flower-$version-linux-$(dpkg --print-architecture).tar.gz"
}

# The libraries, with the two that they are made of, and the program as a .NET tool.
packages() {
  for project in Flower.Protocol Flower.Rpc Flower.Client Flower.AspNetCore Flower.Http; do
    dotnet pack "$project" --configuration Release --output "$out" -p:Version="$version"
  done
  dotnet pack Flower --configuration Release --output "$out" -p:Version="$version" -p:AsTool=true
  # What a build goes on with.
  dotnet restore Flower >/dev/null
}

bill
[ "$only" = dotnet ] || debian
[ "$only" = debian ] || packages
ls -l "$out"
