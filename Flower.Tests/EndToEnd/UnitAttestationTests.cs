// SPDX-License-Identifier: BSD-2-Clause
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>
/// Access by systemd unit, with real control groups: laid out as systemd lays them out, whether or not it runs here.
/// </summary>
public sealed class UnitAttestationTests : EndToEndTest
{
    private const string Join = "echo $$ >\"$1/cgroup.procs\" && shift && exec \"$@\"";

    private string _slice = "";

    [SetUp]
    public void MakeSlice()
    {
        string? root = File.ReadLines("/proc/self/mounts").Select(line => line.Split(' '))
            .FirstOrDefault(fields => fields[2] == "cgroup2")?[1];
        _slice = Path.Combine(root ?? "/", $"flower_test_{Environment.ProcessId}.slice");
        if (root is null || Syscall.geteuid() != 0 || Syscall.mkdir(_slice, FilePermissions.ACCESSPERMS) != 0)
        {
            _slice = "";
            Assert.Ignore("no control group can be made here");
        }
    }

    [TearDown]
    public async Task RemoveSlice()
    {
        if (_slice.Length == 0)
        {
            return;
        }

        // Those within have ended with the board, but are they gone yet?
        await Board.StopAsync();
        foreach (string unit in Directory.GetDirectories(_slice))
        {
            Assert.That(await Patience.UntilAsync(() => Task.FromResult(Syscall.rmdir(unit) == 0)), Is.True);
        }

        Assert.That(Syscall.rmdir(_slice), Is.Zero);
    }

    [Test]
    public async Task Demand_OfTheClientsUnit_LetsThatUnitIn()
    {
        FlowerProcess server = await Board.FlowerReadyAsync(
            "cat", "-l", "-v", "program=vault", "flower.client_unit=backup.service");

        FlowerProcess stranger = Board.Flower("cat", "program=vault");
        FlowerProcess other = FlowerIn("other.service", "cat", "program=vault");
        FlowerProcess none = FlowerIn("backup", "cat", "program=vault");
        Assert.That(await stranger.ExitAsync(), Is.EqualTo(69));
        Assert.That(await other.ExitAsync(), Is.EqualTo(69));
        Assert.That(await none.ExitAsync(), Is.EqualTo(69));

        FlowerProcess client = FlowerIn("backup.service", "cat", "program=vault");
        await client.WriteLineAsync("let me in");
        await server.Out.AwaitLineAsync("let me in");
        await server.Error.AwaitLineAsync("flower.client_unit=backup.service (attested)");
        await server.Error.AwaitLineAsync(
            "flower.client_cgroup=/", $"{Path.GetFileName(_slice)}/backup.service (attested)");
    }

    [Test]
    public async Task Demand_OfTheServersUnit_ConnectsToNoOther()
    {
        FlowerProcess server = FlowerIn("db.service", "cat", "-l", "program=db");
        await server.ReadyAsync();

        FlowerProcess wrong = Board.Flower("cat", "flower.server_unit=web.service", "program=db");
        Assert.That(await wrong.ExitAsync(), Is.EqualTo(69));

        FlowerProcess client = Board.Flower("cat", "flower.server_unit=db.service");
        await client.WriteLineAsync("for the database");
        await server.Out.AwaitLineAsync("for the database");
    }

    private FlowerProcess FlowerIn(string group, params string[] args)
    {
        string path = Path.Combine(_slice, group);
        Directory.CreateDirectory(path);
        return Board.Program("/bin/sh", ["-c", Join, "sh", path, Programs.Flower, .. args]);
    }
}
