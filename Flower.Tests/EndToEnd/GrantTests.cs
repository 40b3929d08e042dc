// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>Who may do what on the public socket, with processes of real users.</summary>
public sealed class GrantTests : OtherUsersTest
{
    private static readonly string Grants = $$"""
        {
          "grants": [
            { "who": "user:{{Alice}}", "rights": ["client-connect", "list"], "out": { "tenant": "blue" } },
            { "who": "group:{{Web}}", "rights": ["LIST"] },
            { "who": "uid:61500-61599", "rights": "all" },
            { "who": "user:{{Bob}}", "rights": [] }
          ]
        }
        """;

    [Test]
    public async Task Configuration_None_OwnerAloneWhateverTheMode()
    {
        await Board.StartAsync("--mode", "0666");

        (int code, string error) = await ListAsync(Alice);

        Assert.That(code, Is.EqualTo(77), error);
        Assert.That(error, Does.StartWith($"flower ls: uid {Alice} has no grant on this switchboard: ask its owner"));
        Assert.That((await ListAsync(0)).Code, Is.Zero);
        await Board.Daemon.Error.AwaitLineAsync("refused (said once a user)", $"uid {Alice} ");
    }

    [Test]
    public async Task Grant_ByUser_GivesRightsAndPinsLabels()
    {
        await StartAsync(Grants);
        FlowerProcess server = await Board.FlowerReadyAsync("cat", "-l", "-v", "program=demo");

        FlowerProcess client = FlowerAs(Alice, Alice, [], "cat", "program=demo");
        await client.WriteLineAsync("hello");
        await server.Out.AwaitLineAsync("hello");
        client.CloseInput();

        await server.Error.AwaitLineAsync("tenant=blue (pinned)");
        await server.Error.AwaitLineAsync($"flower.client_uid={Alice} (attested)");
        server.CloseInput();
        Assert.That(await client.ExitAsync(), Is.Zero);
        FlowerProcess listening = FlowerAs(Alice, Alice, [], "cat", "-l", "program=other");
        Assert.That(await listening.ExitAsync(), Is.EqualTo(77));
        Assert.That(listening.Error.Lines.Single(), Does.Contain("lacks the right SERVER_START"));
    }

    [Test]
    public async Task Grant_ByGroupAndRange_NamesThem()
    {
        await StartAsync(Grants);

        Assert.That((await ListAsync(61_200, Web)).Code, Is.Zero, "its own group");
        Assert.That((await ListAsync(61_200, 61_200, 5, Web)).Code, Is.Zero, "a supplementary group");
        Assert.That((await ListAsync(61_500)).Code, Is.Zero, "first of the range");
        Assert.That((await ListAsync(61_599)).Code, Is.Zero, "last of the range");
        Assert.That((await ListAsync(61_600)).Code, Is.EqualTo(77), "behind the range");
        Assert.That((await ListAsync(61_200, 61_200, 5)).Code, Is.EqualTo(77), "a stranger");
    }

    [Test]
    public async Task Grant_First_DecidesAlone()
    {
        await StartAsync(Grants);

        // Of two grants that name it, the one behind does not add its rights, nor what the first refuses.
        FlowerProcess both = FlowerAs(Alice, Web, [], "cat", "-l", "program=x");
        Assert.That(await both.ExitAsync(), Is.EqualTo(77));
        (int code, string error) = await ListAsync(Bob);
        Assert.That(code, Is.EqualTo(77));
        Assert.That(error, Does.Contain($"uid {Bob} is given no rights on this switchboard by grants[3]"));
        Assert.That((await ListAsync(Bob, Web)).Code, Is.Zero, "named by an earlier one");
    }

    [Test]
    public async Task Mode_GrantForOthers_OpensBothSockets()
    {
        await StartAsync(Grants);

        Assert.That(Convert.ToString((int)File.GetUnixFileMode(Board.Handle), 8), Is.EqualTo("666"));
        Assert.That(Convert.ToString((int)File.GetUnixFileMode(Board.Admin), 8), Is.EqualTo("666"));
    }

    [Test]
    public async Task Mode_Given_IsKept()
    {
        await StartAsync(Grants, "--mode", "0600");

        Assert.That(Convert.ToString((int)File.GetUnixFileMode(Board.Handle), 8), Is.EqualTo("600"));
        Assert.That((await ListAsync(Alice)).Error, Does.Contain("no permission to open"));
    }

    // Stock HTTP/2: an empty ListRequest in gRPC's frame. Its end is told in a trailer, or in the head if there is no
    // more.
    [Test]
    public async Task GrpcDoor_ByUid_HasTheSameGrants()
    {
        string curl = Programs.Require("curl");
        await StartAsync(Grants);
        string request = Path.Combine(Board.Folder, "request");
        await File.WriteAllBytesAsync(request, new byte[5]);
        async Task<string> StatusAsync(int uid)
        {
            FlowerProcess call = ProgramAs(
                uid, 61_999, [], curl, "-sS", "--http2-prior-knowledge", "--unix-socket", Board.Admin, "-D", "-",
                "-o", "/dev/null", "-H", "content-type: application/grpc", "-H", "te: trailers",
                "--data-binary", $"@{request}", "http://localhost/flower.v1.Switchboard/List");
            Assert.That(await call.ExitAsync(), Is.Zero, call.Error.ToString());
            return string.Join('\n', call.Out.Lines.Where(line => line.StartsWith("grpc-", StringComparison.Ordinal)));
        }

        Assert.That(await StatusAsync(0), Does.Contain("grpc-status: 0"));
        Assert.That(await StatusAsync(Alice), Does.Contain("grpc-status: 0"));
        // Whoever has none is told so, and what he sends is not looked at.
        FlowerProcess stranger = Board.Program(
            Programs.Require("python3"), Programs.GrpcKnock, Board.Admin, "61300");
        await stranger.WriteLineAsync("silent");
        await stranger.Out.AwaitLineAsync("refused 12: uid 61300 has no grant");
    }

    [Test]
    public async Task Ls_OfAGrantWithInLabels_SaysPinned()
    {
        await StartAsync($$"""{ "grants": [ { "who": "user:{{Alice}}", "rights": "all", "in": "env=prod" } ] }""");
        FlowerProcess server = FlowerAs(Alice, Alice, [], "cat", "-l", "program=demo");
        await server.ReadyAsync();

        FlowerProcess list = Board.Flower("ls");
        Assert.That(await list.ExitAsync(), Is.Zero);

        Assert.That(
            list.Out.Lines.Single(), Does.Contain("\"env\":\"pinned\"").And.Contain("\"program\":\"claimed\"")
                .And.Contain("\"flower.server_uid\":\"attested\""));
    }
}
