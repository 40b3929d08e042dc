#!/usr/bin/env bash
# Fuzzes one target with afl-fuzz, which is told by SharpFuzz what of Flower each input reaches: docs/testing.md.
#
#   Flower.Fuzz/fuzz.sh TARGET SECONDS [FOLDER]
#
# Begins with Flower.Fuzz/Corpus/TARGET. FOLDER (artifacts/fuzz) gets the instrumented program and what afl-fuzz finds;
# a run there goes on where the last one ended. Exits with 1 if an input was not borne: replay it with
#   dotnet run --project Flower.Fuzz -- replay TARGET FOLDER/TARGET/default/crashes/id:…
# Needs afl-fuzz (Debian: afl++), and the .NET tool SharpFuzz.CommandLine, which it installs into FOLDER.
set -euo pipefail
[ $# -ge 2 ] || { sed -n 's/^# \{0,1\}//p' "$0" | sed 1d >&2; exit 64; }
target=$1 seconds=$2
cd "$(dirname "$0")/.."
folder=$(realpath -m "${3:-artifacts/fuzz}")
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1

command -v afl-fuzz >/dev/null || { echo "fuzz.sh: there is no afl-fuzz: apt-get install afl++" >&2; exit 69; }
tool=$folder/tool/sharpfuzz
[ -x "$tool" ] || dotnet tool install SharpFuzz.CommandLine --version 2.3.0 --tool-path "$folder/tool"

# What is instrumented once is used for all targets; remove the folder after a change of Flower.
program=$folder/program
if [ ! -e "$program/instrumented" ]; then
  dotnet publish Flower.Fuzz --configuration Release --output "$program" -clp:ErrorsOnly
  for library in "$program"/Flower.*.dll; do
    [ "$library" = "$program/Flower.Fuzz.dll" ] || "$tool" "$library"
  done
  touch "$program/instrumented"
fi

found=$folder/$target
seeds=Flower.Fuzz/Corpus/$target
[ -d "$seeds" ] || { echo "fuzz.sh: there is no target '$target'" >&2; exit 64; }
[ ! -d "$found/default/queue" ] || seeds=-
mkdir -p "$found"
# It is no native program, and crashes are exceptions, so what afl-fuzz would look at first is not to be looked at.
export AFL_SKIP_BIN_CHECK=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1
afl-fuzz -i "$seeds" -o "$found" -V "$seconds" -t 10000 -m none -D -- \
  dotnet "$program/Flower.Fuzz.dll" afl "$target" >"$found/log" 2>&1 || { tail -20 "$found/log" >&2; exit 1; }
grep -E '^(execs_done|execs_per_sec|corpus_count|saved_crashes|saved_hangs|bitmap_cvg|stability)' "$found/default/fuzzer_stats"
[ -z "$(find "$found/default/crashes" "$found/default/hangs" -name 'id:*' -print -quit)" ]
