#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Runs all benchmarks, one after another, and writes their tables into docs/benchmarks.md, each between its two marks. What is
# compared runs in turn, so that a noisy machine is noisy for all.
#
#   Flower.Benchmarks/report.sh [--floor PROGRAM] [--only NAME,…] [--repeats N]
#
# --floor is a program that measures the same connects through a minimal broker and prints, for each number of clients, a
# line "floor clients=N rate=N/s p50=N p90=N p99=N us"; it is called with REPEATS TOTAL "CLIENTS…". Without it, the connect
# table keeps its columns, empty. From Debian: clang zlib1g-dev, and what edges.sh names.
set -euo pipefail
export LC_ALL=C DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
page=$here/../docs/benchmarks.md

floor='' repeats=5 only=connect,targets,allocations,footprint,balance,lookup,codec,box,http,bulk
while [ $# -gt 0 ]; do
  case $1 in
    --floor) floor=$2 ;;
    --only) only=$2 ;;
    --repeats) repeats=$2 ;;
    *) sed -n '3,11s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
  esac
  shift 2
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Boxes run the program as nobody in particular.
chmod 755 "$folder"

echo "publishing" >&2
dotnet publish "$here/../Flower" --configuration Release --output "$folder/flower" >/dev/null
dotnet publish "$here" --configuration Release -p:PublishAot=true --output "$folder/benchmarks" >/dev/null
flower=$folder/flower/flower
native=$folder/benchmarks/Flower.Benchmarks
managed="dotnet run --project $here --configuration Release --"

field() { # field NAME: its number in a line of results
  grep -o "$1= *[0-9.]*" | grep -o '[0-9.]*$'
}

median() {
  sort -g | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'
}

put() { # put NAME: the table of that name, from standard input
  awk -v name="$1" -v table="$(cat)" '
    $0 == "<!-- begin " name " -->" {print; print ""; print table; print ""; skip = 1; next}
    $0 == "<!-- end " name " -->" {skip = 0}
    !skip' "$page" >"$folder/page"
  cp "$folder/page" "$page"
}

connect() {
  local clients i line who
  for clients in 1 8 32; do
    for ((i = 0; i < repeats; i++)); do
      [ -z "$floor" ] || bash "$floor" 1 20000 "$clients" >>"$folder/floor.$clients"
      "$native" connect --flower "$flower" --clients "$clients" --repeat 1 >>"$folder/flower.$clients" 2>/dev/null
    done
  done
  echo "| clients | connects/s | floor | ratio | p50 µs | floor | ratio | p99 µs | floor | ratio | switchboard CPU µs |"
  echo "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
  for clients in 1 8 32; do
    printf '| %s |' "$clients"
    for what in rate p50 p99; do
      local ours theirs=''
      ours=$(field $what <"$folder/flower.$clients" | median)
      [ -z "$floor" ] || theirs=$(field $what <"$folder/floor.$clients" | median)
      awk -v a="$ours" -v b="$theirs" 'BEGIN {printf " %.0f | %s | %s |", a, b, b ? sprintf("%.2f", a / b) : ""}'
    done
    printf ' %s |\n' "$(field board_cpu <"$folder/flower.$clients" | median)"
  done
}

targets() {
  local count i
  for ((i = 0; i < repeats; i++)); do
    for count in 0 100000; do
      "$native" connect --flower "$flower" --clients 1 --repeat 1 --targets $count >>"$folder/targets.$count" 2>/dev/null
    done
  done
  echo "| other servers | p50 µs | ratio |"
  echo "|---:|---:|---:|"
  local alone
  alone=$(field p50 <"$folder/targets.0" | median)
  for count in 0 100000; do
    awk -v n=$count -v a="$(field p50 <"$folder/targets.$count" | median)" -v b="$alone" \
      'BEGIN {printf "| %d | %.0f | %.2f |\n", n, a, a / b}'
  done
}

pairs() { # "name: value" lines as a table
  echo "| | |"
  echo "|---|---:|"
  sed 's/^\(.*\): \(.*\)$/| \1 | \2 |/'
}

# Garbage is collected as often as in flower itself: see Flower.csproj.
allocations() { DOTNET_GCgen0size=400000 "$native" allocations | pairs; }

footprint() {
  { "$native" footprint --flower "$flower"; echo "flower MB: $(stat -c %s "$flower" | awk '{printf "%.1f", $1 / 1e6}')"; } 2>/dev/null | pairs
}

balance() { "$native" balance --flower "$flower" 2>/dev/null | sed 's/^/    /'; }
box() { "$native" box --flower "$flower" 2>/dev/null | sed 's/^/    /'; }
lookup() { $managed lookup | grep '^|'; }
codec() { $managed codec | grep '^|'; }

edges() { # edges OPTION…
  "$here/edges.sh" --flower "$flower" --server "$native" --repeats "$repeats" "$@" 2>/dev/null | grep '^|'
}

http() { edges --bulk none --connections 16; }
bulk() { edges --http none; }

for name in ${only//,/ }; do
  echo "$name" >&2
  "$name" | put "$name"
done
{
  echo "$(nproc) processors, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), Linux $(uname -r | cut -d- -f1), $(date +%F):"
  echo "$only; medians of $repeats."
} | put machine
