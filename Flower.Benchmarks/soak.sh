#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Soaks Flower: publishes it, and runs a mixed load against the published program for a time: connects, pushes through an ingress,
# an egress, names, calls that are given up, processes that are killed, watchers, taps, handles that are made and revoked, the
# gRPC door. Prints what each process has now and then, as a table, and fails unless memory, descriptors, threads and latency
# are where they began. Garbage is collected often (DOTNET_GCgen0size), so that what is seen is what is kept. Everything is on
# loopback and Unix sockets in a temporary directory, and ends with the script.
#
#   Flower.Benchmarks/soak.sh --time 1h [OPTIONS of Flower.Benchmarks soak]
#
# From Debian: clang zlib1g-dev
set -euo pipefail
export LC_ALL=C DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

echo "publishing" >&2
dotnet publish "$here/../Flower" --configuration Release --output "$folder/flower" >/dev/null
dotnet publish "$here" --configuration Release -p:PublishAot=true --output "$folder/benchmarks" >/dev/null
# Bytes, in hexadecimal.
export DOTNET_GCgen0size=0x400000 DOTNET_GCgen0MaxBudget=0x400000
"$folder/benchmarks/Flower.Benchmarks" soak --flower "$folder/flower/flower" "$@"
