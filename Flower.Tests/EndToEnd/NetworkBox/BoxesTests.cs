// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>Boxes that talk to each other, through the board alone.</summary>
public sealed class BoxesTests : EndToEndTest
{
    private const string Api = "server_hostname=api.shop server_port=80 +address_family";
    private const string Store = "server_hostname=store.shop server_port=6000 +address_family";

    [Test]
    public async Task Boxes_ByName_ReachEachOtherAndNothingElse()
    {
        var nginx = new BoxedNginx(Board, "80");
        FlowerProcess api = NetworkBoxes.Start(Board, [.. nginx.Shown, "--publish", "80=" + Api], nginx.Command);
        await NetworkBoxes.ListedAsync(Board, 1, "server_hostname");

        FlowerProcess client = NetworkBoxes.Start(
            Board, [], "sh", "-c", "curl -sS http://api.shop/; curl -sSv -m 20 http://api.shop:8080/; echo exit $?");

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines, Is.EqualTo(new[] { BoxedNginx.Page, "exit 7" }), client.Error.ToString());
        Assert.That(api.HasExited, Is.False, api.Error.ToString());
    }

    [Test]
    public async Task Boxes_FiftyMegabytesBothWays_ArriveUnchanged()
    {
        FlowerProcess store = NetworkBoxes.Start(
            Board, ["--publish", "6000=" + Store], "python3", NetworkBoxes.Script("echo_server.py"));
        await store.WriteLineAsync("listen 6000");
        await NetworkBoxes.ListedAsync(Board, 1, "server_hostname");

        FlowerProcess client = NetworkBoxes.Start(
            Board, [], "python3", NetworkBoxes.Script("echo_check.py"), "store.shop", "6000", "50000000");

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
        Assert.That(client.Out.Lines, Is.EqualTo(new[] { "50000000 same" }));
    }

    [Test]
    public async Task Boxes_OneInTheMiddle_IsServerAndClient()
    {
        FlowerProcess store = NetworkBoxes.Start(
            Board, ["--publish", "6000=" + Store], "python3", NetworkBoxes.Script("echo_server.py"));
        await store.WriteLineAsync("listen 6000");
        await NetworkBoxes.ListedAsync(Board, 1, "server_hostname");

        // What it is asked, it asks the store.
        _ = NetworkBoxes.Start(
            Board, ["--publish", "8080=" + Api],
            Programs.Require("busybox"), "nc", "-ll", "-p", "8080", "-e", "busybox", "nc", "store.shop", "6000");
        await NetworkBoxes.ListedAsync(Board, 2, "server_hostname");
        FlowerProcess client = NetworkBoxes.Start(Board, [], "busybox", "nc", "api.shop", "80");
        await client.WriteLineAsync("a tulip");
        await client.Out.AwaitLineAsync("a tulip");
        client.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero, client.Error.ToString());
    }
}
