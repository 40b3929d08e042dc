#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# Tries the packages for .NET from a folder, as if they came from anywhere: installs the tool and lets it show what it does, and
# builds programs with the libraries: one lists a switchboard, the other is a web application on it, and its client.
#
#     packaging/try-dotnet.sh [FOLDER]
#
# FOLDER has what packaging/package.sh made; artifacts/ by default.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(realpath "${1:-$root/artifacts}")
version=$(sed -n 's:.*<VersionPrefix>\(.*\)</VersionPrefix>.*:\1:p' "$root/Directory.Build.props")
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
work=$(mktemp -d)
board=
trap '[ -z "$board" ] || kill "$board" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

# Its own packages come from the folder, and what these need from where it always comes, or was kept; nothing more is kept.
there=${NUGET_PACKAGES:-${HOME:-/nonexistent}/.nuget/packages}
mkdir -p "$work/none"
[ -d "$there" ] || there=$work/none
export NUGET_PACKAGES=$work/packages
cat >NuGet.Config <<X
<configuration>
  <packageSources><add key="flower" value="$folder" /></packageSources>
  <fallbackPackageFolders><add key="there" value="$there" /></fallbackPackageFolders>
</configuration>
X

echo "== the tool"
dotnet tool install flower --version "$version" --tool-path tools --source "$folder"
tools/flower --version
timeout 120 tools/flower demo

echo "== the library"
dotnet new console --name user >/dev/null
cat >user/Program.cs <<'X'
using Flower.Client;
using Flower.Protocol;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

await using Handle handle = await Handle.OpenAsync();
await using Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "packaged")));
await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty))
{
    Console.WriteLine(target.Labels);
}
X
dotnet add user package Flower.Client --version "$version"
dotnet build user -warnaserror

echo "== the libraries for HTTP"
dotnet new web --name web >/dev/null
cat >web/Program.cs <<'X'
using Flower.AspNetCore;
using Flower.Client;
using Flower.Http;
using Flower.Protocol;

[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.WebHost.UseFlower("service=www");
await using WebApplication app = builder.Build();
app.MapGet("/", (HttpContext context) => "seen by " + context.Features.Get<IFlowerConnectionFeature>()!.Labels["service"]);
await app.StartAsync();
await using Handle handle = await Handle.OpenAsync();
using var client = new HttpClient(
    new SocketsHttpHandler().UseFlower(handle, new() { LabelsOf = url => LabelSet.Create(("service", url.Host)) }));
Console.WriteLine(await client.GetStringAsync("http://www/"));
X
dotnet add web package Flower.AspNetCore --version "$version"
dotnet add web package Flower.Http --version "$version"
dotnet build web -warnaserror

for library in Flower.Client Flower.AspNetCore Flower.Http; do
  for part in lib/net10.0/$library.xml README.md; do
    [ -e "packages/${library,,}/$version/$part" ] || { echo "try-dotnet.sh: $library has no $part" >&2; exit 1; }
  done
  [ -e "$folder/$library.$version.snupkg" ] || { echo "try-dotnet.sh: $library has no package of symbols" >&2; exit 1; }
done
tools/flower switchboard --listen "$work/board/switchboard.sock" 2>log &
board=$!
for _ in $(seq 100); do [ -S board/control.sock ] && break; sleep 0.1; done
export FLOWER_SWITCHBOARD=unix:$work/board/switchboard.sock
dotnet run --project user --no-build | tee listed
grep -q packaged listed
dotnet run --project web --no-build | tee served
grep -q 'seen by www' served
echo "== good"
