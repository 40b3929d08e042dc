// SPDX-License-Identifier: BSD-2-Clause
using Flower.Tests.EndToEnd;
using NUnit.Framework;

namespace Flower.Tests.Packaging;

/// <summary>
/// Ingress, egress and resolver under the filters of their units, where a system call that is not allowed kills them: a client
/// asks for a host by name, is connected by the egress to the ingress, and by that to a server.
/// </summary>
public sealed class ConfinedToolTests : EndToEndTest
{
    [Test]
    public async Task Services_ByNameThroughAllThree_AreAllowed()
    {
        if (Programs.IsManaged)
        {
            Assert.Ignore("the units are for the program as it is published: FLOWER_BINARY names it");
        }

        await Board.FlowerReadyAsync("cat", "-l", "-k", "service=www", "--exec", "echo hello");
        FlowerProcess ingress = await ConfinedAsync(
            "ingress", "accept", "127.0.0.1:0", "--peek", "http", "--peek-timeout", "50ms", "service=www");
        string port = (await ingress.Error.AwaitLineAsync("listening on ")).Split(':')[^1];
        FlowerProcess egress = await ConfinedAsync("egress", "connect", "--allow", $"127.0.0.1:{port}", "zone=out");
        string hosts = Path.Combine(Board.Folder, "hosts");
        await File.WriteAllTextAsync(hosts, "127.0.0.1 web.example\n");
        FlowerProcess resolver = await ConfinedAsync("resolver", "dns", "--hosts", hosts);

        FlowerProcess client = Board.Flower("cat", "-d", "zone=out", "server_hostname=web.example", $"server_port={port}");

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines, Is.EqualTo(new[] { "hello" }));
        foreach (FlowerProcess process in new[] { ingress, egress, resolver })
        {
            process.Signal(Mono.Unix.Native.Signum.SIGTERM);
            Assert.That(await process.ExitAsync(), Is.Zero, process.Error.ToString());
        }
    }

    private async Task<FlowerProcess> ConfinedAsync(params string[] args)
    {
        Programs.Require("systemd-analyze");
        string unit = Path.Combine(Programs.Root, $"packaging/systemd/flower-{args[0]}@.service");
        FlowerProcess process = Board.Program(Programs.Require("python3"), [Programs.Confined, unit, Programs.Flower, .. args]);
        await process.ReadyAsync();
        return process;
    }
}
