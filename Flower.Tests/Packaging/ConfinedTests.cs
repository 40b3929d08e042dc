// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Client;
using Flower.Protocol;
using Flower.Tests.EndToEnd;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>
/// The switchboard under the filter of its unit, where a system call that is not allowed kills it: a connect, what looks at the
/// board, the gRPC door, a reload, a replacement, and the end.
/// </summary>
[Category("EndToEnd")]
public sealed class ConfinedTests
{
    private DirectoryInfo _folder = null!;

    private string Door => Path.Combine(_folder.FullName, "switchboard.sock");

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("flower-");

    [TearDown]
    public void RemoveFolder() => _folder.Delete(recursive: true);

    [Test]
    public async Task Switchboard_AllThatItDoes_IsAllowed()
    {
        if (Programs.IsManaged)
        {
            Assert.Ignore("the unit is for the program as it is published: FLOWER_BINARY names it");
        }

        string config = Path.Combine(_folder.FullName, "config.json");
        await File.WriteAllTextAsync(config, "{}");
        await using FlowerProcess daemon = Start(
            "flower-switchboard.service",
            "switchboard", "--listen", Door, "--config", config, "--audit", Path.Combine(_folder.FullName, "audit.jsonl"));
        await daemon.ReadyAsync();
        await UseAsync();

        daemon.Signal(Signum.SIGHUP);
        Assert.That(await daemon.NotifiedAsync(), Does.StartWith("RELOADING=1"));
        Assert.That(await daemon.NotifiedAsync(), Does.StartWith("READY=1"));
        await UseAsync();

        // The new one inherits the filter.
        daemon.Signal(Signum.SIGUSR2);
        string[] said = [await daemon.NotificationAsync(), await daemon.NotificationAsync()];
        Assert.That(said, Has.One.EqualTo("READY=1"));
        int successor = int.Parse(
            said.Single(word => word.StartsWith("MAINPID=", StringComparison.Ordinal))[8..], CultureInfo.InvariantCulture);
        try
        {
            await UseAsync();
        }
        finally
        {
            _ = Syscall.kill(successor, Signum.SIGTERM);
        }

        // Its standard error is the successor's, too.
        Assert.That(await daemon.ExitAsync(), Is.Zero, daemon.Error.ToString());
        Assert.That(await Patience.UntilAsync(() => Task.FromResult(!File.Exists(Door))), Is.True);
    }

    [Test]
    public async Task Confined_SystemCallThatIsNotAllowed_Kills()
    {
        // What the test above would see.
        await using FlowerProcess process = FlowerProcess.Start(
            Programs.Require("python3"),
            [Programs.Confined, Unit("flower-switchboard.service"), Programs.Require("chroot"), "/", "/bin/true"]);
        Assert.That(await process.ExitAsync(), Is.EqualTo(128 + 31), "SIGSYS");
    }

    private static string Unit(string name) => Path.Combine(Programs.Root, "packaging/systemd", name);

    private static FlowerProcess Start(string unit, params string[] args)
    {
        Programs.Require("systemd-analyze");
        return FlowerProcess.Start(Programs.Require("python3"), [Programs.Confined, Unit(unit), Programs.Flower, .. args]);
    }

    private async Task UseAsync()
    {
        await using Handle handle = await Handle.OpenAsync(Door);
        await using (Listener listener = await handle.ListenAsync(LabelSet.Create(("service", "confined"))).Within())
        {
            Task<Connection> connecting = handle.ConnectAsync(LabelSet.Create(("service", "confined")));
            await using IAsyncEnumerator<IncomingConnection> incoming = listener.GetAsyncEnumerator();
            Assert.That(await incoming.MoveNextAsync().Within(), Is.True);
            await using Connection served = await incoming.Current.AcceptAsync().Within();
            await using Connection connection = await connecting.Within();
            foreach (string command in new[] { "ls", "connections", "status", "handles" })
            {
                await using FlowerProcess tool = FlowerProcess.Start(Programs.Flower, [command], Door);
                Assert.That(await tool.ExitAsync(), Is.Zero, $"{command}: {tool.Error}");
            }
        }

        using var grpc = new GrpcDoor(Path.Combine(_folder.FullName, "admin.sock"));
        Assert.That(await grpc.ListAsync(), Is.Empty);
    }
}
