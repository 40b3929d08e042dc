// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Text.Json.Nodes;
using Flower.Protocol;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower web</c>, asked by HTTP: who is let in, and what is told.</summary>
public sealed class WebServerTests : WebTest
{
    [Test]
    public async Task Page_AnyFile_IsServedWithItsHeadersAndWithoutTheToken()
    {
        using WebProcess web = await StartWebAsync();

        foreach (string path in new[] { "/", "/app.js", "/style.css", "/icon.svg", "/panel.js" })
        {
            using HttpResponseMessage answer = await web.AskAsync(path);

            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), path);
            Assert.That(Header(answer, "Content-Security-Policy"), Does.StartWith("default-src 'none'; script-src 'self'; ")
                .And.Not.Contain("unsafe"));
            Assert.That(Header(answer, "X-Content-Type-Options"), Is.EqualTo("nosniff"));
            Assert.That(Header(answer, "Referrer-Policy"), Is.EqualTo("no-referrer"));
            Assert.That(Header(answer, "Cache-Control"), Is.EqualTo("no-store"));
            Assert.That(answer.Headers.Contains("Set-Cookie"), Is.False);
            Assert.That(await answer.Content.ReadAsStringAsync(), Is.Not.Empty.And.Not.Contain(web.Token));
        }

        Assert.That(web.Url.Host, Is.EqualTo("127.0.0.1"));
        // 43 characters of base64 are 256 bits.
        Assert.That(web.Token, Has.Length.EqualTo(43));
    }

    [TestCase("events", "GET")]
    [TestCase("connection/1", "GET")]
    [TestCase("explain", "POST")]
    public async Task Data_WithoutTheToken_IsRefused(string path, string method)
    {
        using WebProcess web = await StartWebAsync();
        foreach (string? token in new[] { null, "", "x", web.Token[..^1], web.Token + "x", web.Token.ToLowerInvariant() })
        {
            using HttpResponseMessage answer = await web.AskAsync(path, method: new(method), token: token);

            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized), token);
            Assert.That(await answer.Content.ReadAsStringAsync(), Does.Contain("the token is missing or wrong"));
        }

        using HttpResponseMessage inUrl = await web.AskAsync($"{path}?token={web.Token}", method: new(method));
        Assert.That(inUrl.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized), "a URL is logged, and is no place for it");
    }

    [TestCase("evil.example", 421)]
    [TestCase("evil.example:PORT", 421)]
    [TestCase("127.0.0.1.evil.example:PORT", 421)]
    [TestCase("127.0.0.1", 421)]
    [TestCase("127.0.0.1:1", 421)]
    [TestCase("127.0.0.2:PORT", 421)]
    [TestCase("[::1]:PORT", 421)]
    [TestCase("127.0.0.1:PORT", 200)]
    [TestCase("localhost:PORT", 200)]
    [TestCase("LOCALHOST:PORT", 200)]
    public async Task Host_NotItsOwn_IsRefused(string host, int status)
    {
        using WebProcess web = await StartWebAsync();
        host = host.Replace("PORT", $"{web.Url.Port}", StringComparison.Ordinal);
        foreach (string path in new[] { "/", "events" })
        {
            using HttpResponseMessage answer =
                await web.AskAsync(path, request => request.Headers.Host = host, token: web.Token);

            Assert.That((int)answer.StatusCode, Is.EqualTo(status), path);
        }
    }

    [Test]
    public async Task Host_NameThatWasGiven_IsAnsweredThereAlone()
    {
        using WebProcess web = await StartWebAsync("--host", "board.example");

        foreach ((string host, string origin, int status) in new[]
        {
            ("board.example", "https://board.example", 200),
            ("board.example:8443", "https://board.example:8443", 200),
            ("board.example", "https://evil.example", 403),
            ("other.example", "https://other.example", 421),
        })
        {
            using HttpResponseMessage answer = await web.AskAsync(
                "events",
                request =>
                {
                    request.Headers.Host = host;
                    request.Headers.Add("Origin", origin);
                },
                token: web.Token);
            Assert.That((int)answer.StatusCode, Is.EqualTo(status), host);
        }
    }

    [TestCase("http://evil.example", 403)]
    [TestCase("null", 403)]
    [TestCase("https://127.0.0.1:PORT", 403)]
    [TestCase("http://127.0.0.1", 403)]
    [TestCase("http://localhost:PORT", 403)]
    [TestCase("http://127.0.0.1:PORT", 200)]
    public async Task Origin_NotItsOwn_IsRefused(string origin, int status)
    {
        using WebProcess web = await StartWebAsync();
        origin = origin.Replace("PORT", $"{web.Url.Port}", StringComparison.Ordinal);
        foreach (string path in new[] { "/", "events" })
        {
            using HttpResponseMessage answer =
                await web.AskAsync(path, request => request.Headers.Add("Origin", origin), token: web.Token);

            Assert.That((int)answer.StatusCode, Is.EqualTo(status), path);
        }
    }

    [TestCase("cross-site")]
    [TestCase("same-site")]
    public async Task Data_AskedByAnotherPage_IsRefused(string site)
    {
        using WebProcess web = await StartWebAsync();

        using HttpResponseMessage data =
            await web.AskAsync("events", request => request.Headers.Add("Sec-Fetch-Site", site), token: web.Token);
        using HttpResponseMessage page = await web.AskAsync("/", request => request.Headers.Add("Sec-Fetch-Site", site));

        Assert.That(data.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(page.StatusCode, Is.EqualTo(HttpStatusCode.OK), "a link to it may be anywhere");
    }

    [TestCase("/", "POST", 405)]
    [TestCase("/", "HEAD", 405)]
    [TestCase("/events", "POST", 405)]
    [TestCase("/events", "OPTIONS", 405)]
    [TestCase("/connection/1", "DELETE", 405)]
    [TestCase("/explain", "GET", 405)]
    [TestCase("/revoke", "GET", 404)]
    [TestCase("/../app.js/x", "GET", 404)]
    [TestCase("/connection/x", "GET", 404)]
    [TestCase("/connection/99999999999999999999999", "GET", 404)]
    [TestCase("/connection/7", "GET", 404)]
    public async Task Request_OtherMethodOrPath_IsRefused(string path, string method, int status)
    {
        using WebProcess web = await StartWebAsync();

        using HttpResponseMessage answer = await web.AskAsync(path, method: new(method), token: web.Token);

        Assert.That((int)answer.StatusCode, Is.EqualTo(status));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Events_Connection_IsToldUntilEitherSideIsKilled(bool killClient)
    {
        using WebProcess web = await StartWebAsync();
        await using WebStream stream = await web.FollowAsync();
        await stream.UntilAsync(s => s.IsConnected);
        Assert.That(stream.Words, Does.Contain($"pid {Board.Daemon.Id}"));
        Assert.That(stream.Targets, Is.Empty);

        (FlowerProcess server, FlowerProcess client) = await ConnectAsync("program=demo", "program=demo", "tenant=blue");
        await stream.UntilAsync(s => s.Connections.Count == 1 && s.History.Count > 0);

        (string id, JsonNode seen) = stream.Connections.Single();
        JsonNode target = stream.Targets[(string)seen["target"]!];
        Assert.That(Label(target["labels"]!, "program"), Is.EqualTo("demo c"));
        Assert.That(Label(target["labels"]!, "flower.server_pid"), Is.EqualTo($"{server.Id} a"));
        Assert.That((bool)target["gone"]!, Is.False);
        Assert.That(Label(seen["client"]!["labels"]!, "tenant"), Is.EqualTo("blue c"));
        Assert.That((int)seen["client"]!["pid"]!, Is.EqualTo(client.Id));
        Assert.That((string)seen["state"]!, Is.EqualTo("open"));
        Assert.That((string)stream.History.Single()["what"]!, Is.EqualTo("accepted"));
        using HttpResponseMessage look = await web.AskAsync($"connection/{id}", token: web.Token);
        JsonNode close = JsonNode.Parse(await look.Content.ReadAsStringAsync())!;
        Assert.That((int)close["clientHolders"]![0]!["pid"]!, Is.EqualTo(client.Id));
        Assert.That((int)close["targetHolders"]![0]!["pid"]!, Is.EqualTo(server.Id));
        Assert.That((long)close["toTarget"]!, Is.Zero);

        (killClient ? client : server).Kill();

        await stream.UntilAsync(s => s.Connections.Count == 0 && (killClient || s.Targets.Count == 0));
    }

    [Test]
    public async Task Events_TargetThatHasGoneWithOpenConnections_IsShownUntilTheyEnd()
    {
        using WebProcess web = await StartWebAsync();
        await using WebStream stream = await web.FollowAsync();
        await using Client.Handle handle = await Board.OpenAsync();
        Client.Listener listener = await handle.ListenAsync(LabelSet.ParseWords(["a=1"]));
        Task<Client.Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(["a=1"]));
        await using (IAsyncEnumerator<Client.IncomingConnection> next = listener.GetAsyncEnumerator())
        {
            Assert.That(await next.MoveNextAsync().AsTask().Within(), Is.True);
            using Client.Connection atServer = await next.Current.AcceptAsync();
            using Client.Connection atClient = await connecting.Within();
            await stream.UntilAsync(s => s.Connections.Count == 1 && s.Targets.Count == 1);

            await listener.DisposeAsync();
            await stream.UntilAsync(s => s.Targets.Count == 1 && (bool)s.Targets.Single().Value["gone"]!
                && (string)s.Connections.Single().Value["target"]! == s.Targets.Single().Key);
            Assert.That(Label(stream.Targets.Single().Value["labels"]!, "a"), Is.EqualTo("1 c"));
        }

        await stream.UntilAsync(s => s.Targets.Count == 0 && s.Connections.Count == 0);
    }

    [Test]
    public async Task Events_Refused_IsToldWithTheNearestTarget()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=web", "zone=a");
        using WebProcess web = await StartWebAsync();
        await using WebStream stream = await web.FollowAsync();
        await stream.UntilAsync(s => s.IsConnected);

        FlowerProcess client = Board.Flower("cat", "service=web", "zone=b");
        await client.ExitAsync();
        await stream.UntilAsync(s => s.History.Count == 1);

        JsonNode told = stream.History.Single();
        Assert.That((string)told["status"]!, Is.EqualTo("NOT_FOUND"));
        Assert.That((string)told["near"]!, Is.EqualTo(stream.Targets.Single().Key));
        Assert.That(Label(told["labels"]!, "zone"), Does.StartWith("b"));
        Assert.That((int)told["pid"]!, Is.EqualTo(client.Id));

        // Whoever comes later is told of it as well; and so is a server that nobody looked at meanwhile.
        using WebProcess later = await StartWebAsync();
        await using WebStream afterwards = await later.FollowAsync();
        await afterwards.UntilAsync(s => s.History.Count == 1);
        Assert.That((string)afterwards.History.Single()["reason"]!, Does.Contain("nothing matches"));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Events_SwitchboardReplacedOrBack_GoOn(bool replace)
    {
        await Board.FlowerReadyAsync("cat", "-l", "-k", "program=before");
        using WebProcess web = await StartWebAsync();
        await using WebStream stream = await web.FollowAsync();
        await stream.UntilAsync(s => s.IsConnected && s.Targets.Count == 1);
        string words = stream.Words;
        if (replace)
        {
            await Board.ReplaceAsync();
        }
        else
        {
            await Board.KillDaemonAsync();
            await stream.UntilAsync(s => !s.IsConnected);
            Assert.That(stream.Words, Does.Contain("switchboard"));
            await Board.StartAsync();
        }

        await Board.FlowerReadyAsync("cat", "-l", "program=after");
        await stream.UntilAsync(s => s.IsConnected && s.Words != words
            && s.Targets.Values.Any(target => Label(target["labels"]!, "program") == "after c"));
    }

    [Test]
    public async Task Events_StreamsThatEnd_LeaveNoDescriptors()
    {
        using WebProcess web = await StartWebAsync();
        await FollowOnceAsync(web);
        await Patience.UntilAsync(() => Task.FromResult(web.Process.OpenDescriptors.Count < 400));
        int before = web.Process.OpenDescriptors.Count;

        for (int i = 0; i < 10; i++)
        {
            await FollowOnceAsync(web);
        }

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(web.Process.OpenDescriptors.Count <= before)), Is.True,
            string.Join('\n', web.Process.OpenDescriptors));

        static async Task FollowOnceAsync(WebProcess web)
        {
            await using WebStream stream = await web.FollowAsync();
            await stream.UntilAsync(s => s.IsConnected);
        }
    }

    [Test]
    public async Task Events_TooManyPages_AreRefusedUntilOneGoes()
    {
        using WebProcess web = await StartWebAsync();
        var streams = new List<WebStream>();
        for (int i = 0; i < 16; i++)
        {
            streams.Add(await web.FollowAsync());
        }

        using HttpResponseMessage refused = await web.AskAsync("events", token: web.Token);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        await streams[0].DisposeAsync();
        Assert.That(await Patience.UntilAsync(async () =>
        {
            using HttpResponseMessage again = await web.AskAsync("events", token: web.Token);
            return again.StatusCode == HttpStatusCode.OK;
        }), Is.True);
        foreach (WebStream stream in streams)
        {
            await stream.DisposeAsync();
        }
    }

    [Test]
    public async Task Explain_Questions_AreAnsweredOrRefused()
    {
        await Board.FlowerReadyAsync("cat", "-l", "service=web", "zone=a");
        using WebProcess web = await StartWebAsync();

        (int status, string text) = await web.ExplainAsync("""{"words":["service=web","zone=b"]}""");

        Assert.That(status, Is.EqualTo(200));
        JsonNode answer = JsonNode.Parse(text)!;
        Assert.That((string)answer["status"]!, Is.EqualTo("NOT_FOUND"));
        Assert.That((string)answer["targets"]![0]!["why"]![1]!, Is.EqualTo("zone is 'a', not 'b'"));
        (_, text) = await web.ExplainAsync("""{"words":["service=web","zone=a"]}""");
        Assert.That(text, Does.Contain("\"status\":\"OK\""));
        foreach ((string json, string why) in new[]
        {
            ("""{"words":["=x"]}""", "key"),
            ("""{"words":["a=1","a=2"]}""", "a"),
            ("""{"words":"a=1"}""", "not understood"),
            ("""{"words":["a=\ud800"]}""", "not understood"),
            ("[]", "not understood"),
            ("{", "not understood"),
        })
        {
            (status, text) = await web.ExplainAsync(json);
            Assert.That((status, text.Contains(why, StringComparison.Ordinal)), Is.EqualTo((400, true)), $"{json}: {text}");
        }

        Assert.That((await web.ExplainAsync($$"""{"words":["a={{new string('x', 300_000)}}"]}""")).Status, Is.EqualTo(413));
    }

    [TestCase(64, "can be reached from other machines", "--listen", "0.0.0.0:0")]
    [TestCase(64, "is no address", "--listen", "127.0.0.1")]
    [TestCase(64, "is no address", "--listen", "localhost:80")]
    [TestCase(64, "is no address", "--listen", "")]
    [TestCase(69, "cannot listen on 192.0.2.1:1", "--listen", "192.0.2.1:1", "--allow-remote")]
    [TestCase(69, "no switchboard answers at /nowhere/admin.sock", "--admin", "/nowhere/admin.sock")]
    [TestCase(64, "label", "=x")]
    public async Task Start_Wrong_SaysWhy(int code, string why, params string[] arguments)
    {
        FlowerProcess web = Board.Flower(["web", .. arguments]);

        Assert.That(await web.ExitAsync(), Is.EqualTo(code), web.Error.ToString());
        Assert.That(web.Error.Lines, Has.Count.EqualTo(1).And.One.Contains(why));
    }

    [Test]
    public async Task Start_WithoutTheRight_SaysWhichOne()
    {
        string file = Path.Combine(Board.Folder, "grants.json");
        await File.WriteAllTextAsync(file, $$"""{ "grants": [{ "who": "uid:{{Syscall.geteuid()}}", "rights": ["server-start"] }] }""");
        await Board.EndDaemonAsync();
        await Board.StartAsync("--config", file);

        FlowerProcess web = Board.Flower("web");

        Assert.That(await web.ExitAsync(), Is.EqualTo(77));
        Assert.That(web.Error.ToString(), Does.Contain("needs the right LIST"));
    }

    [Test]
    public async Task Start_AllowRemote_WarnsAndAnswersOnEachAddress()
    {
        using WebProcess web = await StartWebAsync("--allow-remote", "--listen", "0.0.0.0:0");

        Assert.That(await web.Process.Error.AwaitLineAsync("can be reached from other machines"), Does.Contain("not encrypted"));
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        Assert.That((await http.GetAsync(new Uri($"http://127.0.0.1:{web.Url.Port}/"))).StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await http.GetAsync(new Uri($"http://127.0.0.2:{web.Url.Port}/"))).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Stop_BySignal_EndsAtOnceWhileSomebodyLooks()
    {
        using WebProcess web = await StartWebAsync();
        await using WebStream stream = await web.FollowAsync();
        await stream.UntilAsync(s => s.IsConnected);

        web.Process.Signal(Signum.SIGTERM);

        Assert.That(await web.Process.ExitAsync(), Is.Zero, web.Process.Error.ToString());
        Assert.That(web.Process.Error.Lines, Is.Empty);
    }

    private static string Header(HttpResponseMessage answer, string name) => string.Join(',', answer.Headers.GetValues(name));

    // Its value, and the letter of who stands behind it.
    private static string? Label(JsonNode labels, string key) => labels.AsArray()
        .Where(label => (string)label![0]! == key).Select(label => $"{label![1]} {label[2]}").FirstOrDefault();
}
