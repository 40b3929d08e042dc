// SPDX-License-Identifier: BSD-2-Clause
using NUnit.Framework;

namespace Flower.Tests.EndToEnd.NetworkBox;

/// <summary>
/// Programs that know nothing of Flower, unchanged, in a box: they reach real servers outside by name and by address,
/// and nothing else.
/// </summary>
[TestFixture(NetworkBoxes.Root)]
[TestFixture(NetworkBoxes.Ordinary)]
public sealed class ClientTests(string user) : SharedBoardTest
{
    private const string Page = "this is nginx";

    private static readonly string[] Refusals =
        ["Connection refused", "No route to host", "ECONNREFUSED", "EHOSTUNREACH"];

    private OutsideServers? _outside;
    private string _folder = null!;

    /// <summary>
    /// A client: what it does that is allowed, what it then says, what it does that is not, and how it ends then. Each
    /// is given 20 s, which is far more than "at once", so that one that is left to wait ends in another way.
    /// </summary>
    private static IEnumerable<TestCaseData> Clients =>
    [
        Client("curl", "curl", "curl -sS http://web.example:$WEB/", Page,
            "curl -sSv -m 20 http://web.example:$DENIED/", 7),
        Client("curl by address", "curl", "curl -sS http://127.0.0.1:$WEB/", Page,
            "curl -sSv -m 20 http://127.0.0.1:$DENIED/", 7),
        Client("curl over IPv6", "curl", "curl -sS -6 http://web.example:$WEB/", Page,
            "curl -sSv -6 -m 20 http://web.example:$DENIED/", 7),
        Client("psql", "psql",
            "psql -X -A -t -h db.example -p $DB -U flower -d postgres -c 'select 6 * 7'", "42",
            "psql -X -h db.example -p $DENIED -U flower -d postgres -c 'select 6 * 7'", 2),
        Client("ssh", "ssh",
            "install -m 600 $KEY /tmp/key; ssh $SSH_OPTIONS -p $SSH $LOGIN@ssh.example 'echo $((6 * 7))'", "42",
            "ssh $SSH_OPTIONS -p $DENIED $LOGIN@ssh.example true", 255),
        Client("git clone", "git",
            "git clone -q git://git.example:$GIT/tulip /tmp/clone; cat /tmp/clone/tulip", "tulip",
            "git clone -q git://git.example:$DENIED/tulip /tmp/other", 128),
        Client("node", "node", "node $SCRIPTS/http_get.js http://web.example:$WEB/", Page,
            "node $SCRIPTS/http_get.js http://web.example:$DENIED/", 1),
        Client("asyncio", "python3", "python3 $SCRIPTS/asyncio_get.py web.example $WEB", Page,
            "python3 $SCRIPTS/asyncio_get.py web.example $DENIED", 1),
        Client("epoll before connect", "python3", "python3 $SCRIPTS/asyncio_get.py web.example $WEB early", Page,
            "python3 $SCRIPTS/asyncio_get.py web.example $DENIED early", 1),
        Client("static binary", "busybox", "busybox wget -q -O - http://web.example:$WEB/", Page,
            "busybox wget -q -O - http://web.example:$DENIED/", 1),
    ];

    [OneTimeSetUp]
    public async Task StartOutside()
    {
        NetworkBoxes.Require(user);
        _outside = await OutsideServers.StartAllAsync(Board);

        // ssh takes a key that is its user's own alone: the box makes a copy of this.
        _folder = Directory.CreateDirectory(NewPath()).FullName;
        await File.WriteAllTextAsync(Path.Combine(_folder, "key"), _outside.SshKey);
    }

    [OneTimeTearDown]
    public async Task StopOutside() => await (_outside?.DisposeAsync() ?? ValueTask.CompletedTask);

    [TestCaseSource(nameof(Clients))]
    public async Task Client_ReachesWhatIsAllowedAlone(
        string program, string allowed, string answer, string denied, int code)
    {
        _ = Programs.Require(program);
        FlowerProcess box = Box($"{allowed}; echo exit $?; timeout 20 {denied}; echo exit $?");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { answer, "exit 0", $"exit {code}" }), box.Error.ToString());
        AssertRefused(box, $":{_outside!.DeniedPort}");
    }

    [TestCase("http://nowhere.example:81/", "nowhere.example", TestName = "a name that nobody knows")]
    [TestCase("http://192.0.2.7:82/", "192.0.2.7", TestName = "an address")]
    [TestCase("http://[2001:db8::7]:83/", "2001:db8::7", TestName = "an address of IPv6")]
    [TestCase("http://localhost:84/", "84", TestName = "our own loopback, where nobody listens")]
    public async Task Client_Elsewhere_IsRefused(string url, string words)
    {
        FlowerProcess box = Box($"curl -sSv -m 20 {url}; echo exit $?");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "exit 7" }), box.Error.ToString());
        AssertRefused(box, words);
    }

    [Test]
    public async Task Client_WithoutAShell_IsTheCommandItself()
    {
        FlowerProcess box = NetworkBoxes.StartAs(
            user, Board, [], [],
            [Programs.Require("curl"), "-sS", $"http://web.example:{_outside!.Web.PlainPort}/"]);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { Page }));
        Assert.That(box.Error.Lines, Is.Empty);
    }

    [Test]
    public async Task Client_OwnLoopback_IsTheBoxsOwn()
    {
        FlowerProcess box = Box("""
            busybox nc -l -p 9000 -e echo 'a neighbour' &
            until busybox nc 127.0.0.1 9000 2>/dev/null; do sleep 0.05; done
            """);

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { "a neighbour" }));
    }

    [Test]
    public async Task Client_AHandleThatIsNarrower_ReachesLess()
    {
        FlowerProcess box = Box(
            "curl -sS http://web.example:$WEB/; echo exit $?; curl -sSv -m 20 http://db.example:$DB/; echo exit $?",
            "--out", "server_hostname=web.example");

        Assert.That(await box.ExitAsync(), Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { Page, "exit 0", "exit 7" }), box.Error.ToString());
        AssertRefused(box, "server_hostname");
    }

    [Test]
    public async Task Client_InABoxWithinABox_ReachesWhatBothAllow()
    {
        FlowerProcess box = NetworkBoxes.StartAs(
            user, Board, _outside!.Variables, ["--handle", "--out", "server_hostname=web.example"],
            [
                Programs.Flower, "run", "--box", .. BoxTest.Shown, "--", "sh", "-c",
                "curl -sS http://web.example:$WEB/; curl -sSv -m 20 http://db.example:$DB/; echo exit $?",
            ]);

        int code = await box.ExitAsync();
        if (user == NetworkBoxes.Root)
        {
            // Linux lets uid 0 make a user namespace for itself only where it has CAP_SETFCAP (user_namespaces(7)).
            Assert.That(code, Is.EqualTo(69));
            Assert.That(box.Error.Lines[^1], Does.StartWith("flower run: the box could not be made"));
            return;
        }

        Assert.That(code, Is.Zero, box.Error.ToString());
        Assert.That(box.Out.Lines, Is.EqualTo(new[] { Page, "exit 7" }), box.Error.ToString());
    }

    private static TestCaseData Client(
        string name, string program, string allowed, string answer, string denied, int code) =>
        new TestCaseData(program, allowed, answer, denied, code).SetArgDisplayNames(name);

    // Both sides: the program's own error, and a line of ours with the reason.
    private static void AssertRefused(FlowerProcess box, string words)
    {
        ILookup<bool, string> said = box.Error.Lines.ToLookup(
            line => line.StartsWith("flower run: ", StringComparison.Ordinal));
        Assert.That(said[false].Any(line => Refusals.Any(line.Contains)), Is.True, box.Error.ToString());
        Assert.That(said[true].Any(line => line.Contains(words)), Is.True, box.Error.ToString());
    }

    private FlowerProcess Box(string script, params string[] options) => NetworkBoxes.StartAs(
        user, Board,
        [
            .. _outside!.Variables, $"SCRIPTS={NetworkBoxes.Script("")}", $"KEY={Path.Combine(_folder, "key")}",
            $"LOGIN={Environment.UserName}",
            "SSH_OPTIONS=-F none -i /tmp/key -o IdentitiesOnly=yes -o BatchMode=yes -o UserKnownHostsFile=/dev/null"
                + " -o StrictHostKeyChecking=no -o LogLevel=ERROR -o ConnectTimeout=20",
        ],
        ["--bind", _folder, .. options], ["sh", "-c", script]);
}
