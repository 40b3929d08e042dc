// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Rpc.Interop;
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>What the switchboard takes away from itself when it starts, whoever started it.</summary>
public sealed class HardeningTests : EndToEndTest
{
    // Of the runtime's own: these begin before the program does, and start no program.
    private static readonly string[] Earlier =
        [".NET Finalizer", ".NET SynchManag", ".NET EventPipe", ".NET Tiered Com", ".NET Debug", ".NET Server GC", ".NET BGC"];

    [Test]
    public void Threads_AllThatBeginWithTheProgram_GainNoPrivileges()
    {
        (string Name, string Status)[] threads = [.. Directory.GetDirectories($"/proc/{Board.Daemon.Id}/task").Select(
            task => (File.ReadAllText(Path.Combine(task, "comm")).Trim(), Line(Path.Combine(task, "status"), "NoNewPrivs:")))];
        Assert.That(threads.Select(thread => thread.Name), Does.Contain("flower-board"));
        Assert.That(Line($"/proc/{Board.Daemon.Id}/status", "NoNewPrivs:"), Is.EqualTo("NoNewPrivs:\t1"));
        Assert.That(
            threads.Where(thread => !Earlier.Any(name => thread.Name.StartsWith(name, StringComparison.Ordinal))),
            Has.All.Matches<(string Name, string Status)>(thread => thread.Status == "NoNewPrivs:\t1"));
    }

    [Test]
    public async Task CoreDumps_AllowedByWhoStartedIt_AreForbidden()
    {
        // Whoever has a limit of nothing cannot raise it, and there is nothing to forbid.
        string path = Path.Combine(Board.Folder, "dumping");
        FlowerProcess daemon = Board.Program(
            Programs.Require("prlimit"), "--core=1000000:1000000", Programs.Flower, "switchboard", "--listen", path, "--admin",
            path + ".admin", "--control", path + ".control");
        if (Mono.Unix.Native.Syscall.geteuid() != 0 && Line("/proc/self/limits", "Max core").Contains(" 0 "))
        {
            Assert.Ignore("core dumps are forbidden here already");
        }

        await daemon.ReadyAsync();

        string[] fields = Line($"/proc/{daemon.Id}/limits", "Max core")["Max core file size".Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(fields[..2], Is.EqualTo(new[] { "1", "1" }));
    }

    [Test]
    public void DoorsThatTakeNoDescriptor_OneIsSent_SenderIsRefused()
    {
        // Who connects to the control socket wants to take over, and this one goes again.
        Board.ExpectInLog("not replaced, and goes on");
        using Descriptor grpc = UnixSocket.ConnectStream(Board.Admin);
        using Descriptor control = UnixSocket.ConnectPackets(Path.Combine(Board.Folder, "control.sock"));
        if (UnixSocket.GetOption(grpc, Native.SoPassRights) < 0)
        {
            Assert.Ignore("Linux 6.16 is needed, where a socket can refuse descriptors");
        }

        const int NotPermitted = 1;
        Assert.Multiple(() =>
        {
            Assert.That(UnixSocket.Send(grpc, [0], [grpc]), Is.EqualTo(NotPermitted), "the gRPC door");
            Assert.That(UnixSocket.Send(control, [0], [control]), Is.EqualTo(NotPermitted), "the control socket");
        });
    }

    [Test]
    public async Task Replacement_OfItself_IsAsConfined()
    {
        int before = Board.Daemon.Id;
        await Board.ReplaceAsync();

        Assert.That(Board.Daemon.Id, Is.Not.EqualTo(before));
        Assert.That(Line($"/proc/{Board.Daemon.Id}/status", "NoNewPrivs:"), Is.EqualTo("NoNewPrivs:\t1"));
        using Descriptor grpc = UnixSocket.ConnectStream(Board.Admin);
        if (UnixSocket.GetOption(grpc, Native.SoPassRights) == 1)
        {
            Assert.That(UnixSocket.Send(grpc, [0], [grpc]), Is.EqualTo(1));
        }
    }

    private static string Line(string file, string start) => File.ReadLines(file)
        .FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal))
        ?? throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"no {start} in {file}"));
}
