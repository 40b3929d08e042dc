// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower serve --wait</c>: one process that takes a listening socket as sd_listen_fds(3) says.</summary>
public sealed class ServeListeningTests : EndToEndTest
{
    // Echoes line by line; "exit N" ends the whole of it.
    private const string Server = "import os, socket, sys, threading\n"
        + "assert os.environ['LISTEN_PID'] == str(os.getpid()), os.environ['LISTEN_PID']\n"
        + "assert os.environ['LISTEN_FDS'] == '1' and os.environ['LISTEN_FDNAMES'] == 'flower'\n"
        + "assert 'NOTIFY_SOCKET' not in os.environ and 'FLOWER_LABELS' not in os.environ\n"
        + "listener = socket.socket(fileno=3)\n"
        + "print('at', listener.getsockname(), file=sys.stderr, flush=True)\n"
        + "def serve(connection):\n"
        + "    for line in connection.makefile('rb'):\n"
        + "        if line.startswith(b'exit'): os._exit(int(line.split()[1]))\n"
        + "        connection.sendall(b'%d ' % os.getpid() + line)\n"
        + "    connection.shutdown(socket.SHUT_WR)\n"
        + "while True: threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()\n";

    private readonly List<FlowerProcess> _serving = [];
    private string _path = "";

    // A serve that is killed would leave its command behind, which holds what the base waits for.
    [TearDown]
    public async Task StopServing()
    {
        foreach (FlowerProcess serve in _serving.Where(serve => !serve.HasExited))
        {
            serve.Signal(Signum.SIGTERM);
            serve.Signal(Signum.SIGTERM);
            await serve.ExitAsync();
        }

        _serving.Clear();
    }

    [Test]
    public async Task Wait_SeveralConnections_AreRelayedToOneProcess()
    {
        FlowerProcess serve = await ServeAsync();
        await using Client.Handle handle = await Board.OpenAsync();
        Assert.That(
            File.GetUnixFileMode(Path.GetDirectoryName(_path)!),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute));

        using Dialogue one = await OpenAsync(handle);
        using Dialogue two = await OpenAsync(handle);
        await one.SayAsync("from one");
        await two.SayAsync("from two");
        string[] first = (await one.HearAsync())!.Split(' ', 2);
        string[] second = (await two.HearAsync())!.Split(' ', 2);

        Assert.That(first[1], Is.EqualTo("from one"));
        Assert.That(second[1], Is.EqualTo("from two"));
        Assert.That(second[0], Is.EqualTo(first[0]));
        one.SayNoMore();
        Assert.That(await one.HearAsync(), Is.Null);
        await two.SayAsync("again");
        Assert.That(await two.HearAsync(), Is.EqualTo(first[0] + " again"));
        Assert.That(serve.HasExited, Is.False);
    }

    [Test]
    public async Task Wait_ConnectionsEnd_LeaveNoDescriptor()
    {
        FlowerProcess serve = await ServeAsync();
        await using Client.Handle handle = await Board.OpenAsync();
        await EchoAsync(handle);
        int before = serve.OpenDescriptors.Count;

        for (int i = 0; i < 20; i++)
        {
            await EchoAsync(handle);
        }

        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(serve.OpenDescriptors.Count <= before)), Is.True,
            string.Join('\n', serve.OpenDescriptors));

        static async Task EchoAsync(Client.Handle handle)
        {
            using Dialogue client = await OpenAsync(handle);
            await client.SayAsync("x");
            Assert.That(await client.HearAsync(), Does.EndWith(" x"));
            client.SayNoMore();
            Assert.That(await client.HearAsync(), Is.Null);
        }
    }

    [Test]
    public async Task Wait_CommandExits_ItsCodeIsOurs()
    {
        FlowerProcess serve = await ServeAsync();
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);

        await client.SayAsync("exit 7");

        Assert.That(await client.HearAsync(), Is.Null);
        Assert.That(await serve.ExitAsync(), Is.EqualTo(7));
        Assert.That(serve.Error.Lines[^1], Does.EndWith("exited with 7"));
        Assert.That(Directory.Exists(Path.GetDirectoryName(_path)), Is.False);
    }

    [Test]
    public async Task Wait_CommandKilled_IsToldAsAShellDoes()
    {
        FlowerProcess serve = await ServeAsync();
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);
        await client.SayAsync("who");
        int pid = int.Parse((await client.HearAsync())!.Split(' ')[0], CultureInfo.InvariantCulture);

        Assert.That(Syscall.kill(pid, Signum.SIGKILL), Is.Zero);

        Assert.That(await serve.ExitAsync(), Is.EqualTo(137));
        Assert.That(serve.Error.Lines[^1], Does.EndWith("killed by SIGKILL"));
    }

    [Test]
    public async Task Wait_Stopped_LetsConnectionsFinishThenEndsTheCommand()
    {
        FlowerProcess serve = await ServeAsync();
        await using Client.Handle handle = await Board.OpenAsync();
        using Dialogue client = await OpenAsync(handle);

        serve.Signal(Signum.SIGTERM);

        await client.SayAsync("still here");
        Assert.That(await client.HearAsync(), Does.EndWith(" still here"));
        client.SayNoMore();
        Assert.That(await client.HearAsync(), Is.Null);
        Assert.That(await serve.ExitAsync(), Is.Zero);
        Assert.That(Directory.Exists(Path.GetDirectoryName(_path)), Is.False);
    }

    [Test]
    public async Task Wait_SystemdSocketProxy_IsReached()
    {
        const string Proxy = "/usr/lib/systemd/systemd-socket-proxyd";
        if (!File.Exists(Proxy))
        {
            Assert.Ignore("systemd-socket-proxyd is not installed");
        }

        string path = Path.Combine(Board.Folder, "behind");
        using var listener = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        listener.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
        listener.Listen();
        await StartAsync(Proxy, path);
        await using Client.Handle handle = await Board.OpenAsync();

        using Dialogue client = await OpenAsync(handle);
        await client.SayAsync("through two");
        using System.Net.Sockets.Socket accepted = await listener.AcceptAsync().Within();
        byte[] buffer = new byte[64];
        int count = await accepted.ReceiveAsync(buffer).Within();

        Assert.That(System.Text.Encoding.ASCII.GetString(buffer, 0, count), Is.EqualTo("through two\n"));
    }

    private async Task<FlowerProcess> ServeAsync()
    {
        FlowerProcess serve = await StartAsync(Programs.Require("python3"), "-c", Server);
        string line = await serve.Error.AwaitLineAsync("at /");
        _path = line[3..];
        return serve;
    }

    private async Task<FlowerProcess> StartAsync(params string[] command)
    {
        FlowerProcess serve =
            await Board.FlowerReadyAsync(["serve", "--wait", "--drain", "20s", "service=echo", "--", .. command]);
        _serving.Add(serve);
        return serve;
    }

    private static Task<Dialogue> OpenAsync(Client.Handle handle) => Dialogue.OpenAsync(handle, ("service", "echo"));
}
