#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Brings the lock files, and the list of licences, up to date: after a change of packages, projects or references.
set -euo pipefail
cd "$(dirname "$0")/.."
export CI=false
dotnet restore
# Of the program there is one for each kind of machine, and one as a .NET tool.
for runtime in linux-arm64 linux-x64; do
  dotnet restore Flower -p:NETCoreSdkPortableRuntimeIdentifier=$runtime -p:NETCoreSdkRuntimeIdentifier=$runtime
done
dotnet restore Flower -p:AsTool=true
# What a build on this machine goes on with.
dotnet restore Flower
packaging/licenses.py
