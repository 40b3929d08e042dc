// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using System.Text.Json;
using Flower.Client;
using Mono.Unix.Native;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary><c>flower serve</c>: programs that know nothing of Flower, one process a connection.</summary>
public sealed class ServeTests : EndToEndTest
{
    // Counts how many of its kind run, by their files, and lives until its client has spoken.
    private const string Counting = "f=$1/$$; : >$f; set -- $1/*; echo $#; read -r line; rm $f; echo $line";

    [Test]
    public async Task Serve_Cat_EchoesAndEndsWithItsClient()
    {
        FlowerProcess serve = await ServeAsync("-v", "service=echo", "--", "cat");
        FlowerProcess client = Board.Flower("cat", "service=echo");

        await client.WriteLineAsync("to and fro");
        await client.Out.AwaitLineAsync("to and fro");
        client.CloseInput();

        Assert.That(await client.ExitAsync(), Is.Zero);
        await serve.Error.AwaitLineAsync("pid ", " serves connection ");
        await serve.Error.AwaitLineAsync("connection ", ": service=echo (claimed)");
        await serve.Error.AwaitLineAsync("connection ", $": flower.client_pid={client.Id} (attested)");
        await serve.Error.AwaitLineAsync("pid ", " exited with 0");
    }

    [TestCase(true, "serve", "--", "true")]
    [TestCase(false, "serve", "+tenant", "--", "true")]
    [TestCase(false, "run", "--right", "server-start", "--in", "service=x", "--", "flower", "serve", "--", "true")]
    public async Task Serve_WithoutLabels_SaysWhoComesUnlessTheHandleAddsSome(bool isSaid, params string[] words)
    {
        FlowerProcess serve = await Board.FlowerReadyAsync([.. words.Select(word => word == "flower" ? Programs.Flower : word)]);
        serve.Signal(Signum.SIGTERM);

        Assert.That(await serve.ExitAsync(), Is.Zero);
        const string advice = "without labels, it is reached by each client";
        Assert.That(serve.Error.ToString(), isSaid ? Does.Contain(advice) : Does.Not.Contain(advice));
    }

    [Test]
    public async Task Serve_Environment_HasTheLabelsAndNothingStale()
    {
        FlowerProcess serve = Board.Program(
            "/usr/bin/env", "FLOWER_LABEL_OLD=x", "FLOWER_LABELS=old", "LISTEN_FDS=1", "LISTEN_PID=1", "KEPT=yes",
            Programs.Flower, "serve", "service=env", "--", "sh", "-c", "env; echo to-standard-error >&2", "sh");
        await serve.ReadyAsync();
        await using Client.Handle handle = await Board.OpenAsync();

        // Claims that would take the variables of attested labels.
        using Dialogue client = await Dialogue.OpenAsync(
            handle, ("service", "env"), ("flower_client_pid", "1"), ("FLOWER client-uid", "4711"),
            ("color", "blue sky"));
        Dictionary<string, string> variables = (await client.HearAllAsync())
            .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

        string pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        Assert.That(variables["FLOWER_LABEL_FLOWER_CLIENT_PID"], Is.EqualTo(pid));
        Assert.That(variables["FLOWER_LABEL_FLOWER_CLIENT_UID"], Is.Not.EqualTo("4711"));
        Assert.That(variables["FLOWER_LABEL_COLOR"], Is.EqualTo("blue sky"));
        Assert.That(variables["FLOWER_LABEL_SERVICE"], Is.EqualTo("env"));
        Assert.That(variables["KEPT"], Is.EqualTo("yes"));
        Assert.That(
            variables.Keys.Intersect(["FLOWER_LABEL_OLD", "NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID"]), Is.Empty);
        using JsonDocument labels = JsonDocument.Parse(variables["FLOWER_LABELS"]);
        using JsonDocument sources = JsonDocument.Parse(variables["FLOWER_SOURCES"]);
        Assert.That(labels.RootElement.GetProperty("flower_client_pid").GetString(), Is.EqualTo("1"));
        Assert.That(sources.RootElement.GetProperty("flower_client_pid").GetString(), Is.EqualTo("claimed"));
        Assert.That(sources.RootElement.GetProperty("flower.client_pid").GetString(), Is.EqualTo("attested"));
        await serve.Error.AwaitLineAsync("to-standard-error");
    }

    [Test]
    public async Task Serve_Child_HasTheSocketAndStandardErrorOnly()
    {
        string python = Programs.Require("python3");

        // Whoever runs the tests may have left descriptors open in us.
        FlowerProcess serve = Board.Program(
            python, "-c", "import os, sys; os.closerange(3, 4096); os.execv(sys.argv[1], sys.argv[1:])",
            Programs.Flower, "serve", "service=bare", "--", "sh", "-c",
            "readlink /proc/$$/fd/*; grep SigIgn /proc/self/status");
        await serve.ReadyAsync();
        await using Client.Handle handle = await Board.OpenAsync();

        using Dialogue client = await Dialogue.OpenAsync(handle, ("service", "bare"));
        List<string> lines = await client.HearAllAsync();

        // In the order of their numbers; the shell's own look into the directory has ended when readlink asks.
        Assert.That(
            lines.Select(line => line.Split(':')[0]), Is.EqualTo(new[] { "socket", "socket", "pipe", "SigIgn" }));
        string ignored = lines.Single(line => line.Contains("SigIgn"));
        Assert.That(Convert.ToUInt64(ignored[^16..], 16) & (1UL << 12), Is.Zero, "SIGPIPE is ignored");
    }

    [Test]
    public async Task Serve_TwoHundredConnectionsAtMostFour_NeverMoreAndNothingLeft()
    {
        string folder = Directory.CreateDirectory(Path.Combine(Board.Folder, "running")).FullName;
        FlowerProcess serve = await ServeAsync("--max", "4", "service=count", "--", "sh", "-c", Counting, "sh", folder);
        await using Client.Handle handle = await Board.OpenAsync();
        await AskAsync(handle);
        int before = serve.OpenDescriptors.Count;

        int next = 0;
        int[][] seen = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => Task.Run(async () =>
        {
            var counts = new List<int>();
            while (Interlocked.Increment(ref next) <= 200)
            {
                counts.Add(await AskAsync(handle));
            }

            return counts.ToArray();
        }))).WaitAsync(4 * Patience.Limit);

        int[] all = [.. seen.SelectMany(counts => counts)];
        Assert.That(all, Has.Length.EqualTo(200));
        Assert.That(all.Max(), Is.InRange(2, 4));
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(Children(serve.Id).Count == 0)), Is.True, "zombies");
        Assert.That(serve.OpenDescriptors, Has.Count.LessThanOrEqualTo(before));
        Assert.That(serve.Error.Lines, Has.Count.EqualTo(1), serve.Error.ToString());
    }

    [Test]
    public async Task Serve_ChildFails_IsLogged()
    {
        FlowerProcess serve = await ServeAsync("service=fail", "--", "sh", "-c", "read -r how; eval \"$how\"");
        await using Client.Handle handle = await Board.OpenAsync();

        (string, string)[] ways = [("exit 42", "exited with 42"), ("kill -9 $$", "killed by SIGKILL")];
        foreach ((string how, string logged) in ways)
        {
            using Dialogue client = await Dialogue.OpenAsync(handle, ("service", "fail"));
            await client.SayAsync(how);
            Assert.That(await client.HearAsync(), Is.Null);
            await serve.Error.AwaitLineAsync("flower serve: pid ", logged);
        }

        using Dialogue last = await Dialogue.OpenAsync(handle, ("service", "fail"));
        await last.SayAsync("echo $$; exec sleep 60");
        int pid = int.Parse((await last.HearAsync())!, CultureInfo.InvariantCulture);
        Assert.That(Children(serve.Id), Is.EqualTo(new[] { pid }));
        Assert.That(Syscall.kill(pid, Signum.SIGKILL), Is.Zero);
        await serve.Error.AwaitLineAsync($"pid {pid} killed by SIGKILL");
        Assert.That(Children(serve.Id), Is.Empty);
        Assert.That(serve.HasExited, Is.False);
    }

    [Test]
    public async Task Serve_NoDescriptorLeft_LosesTheConnectionAndGoesOn()
    {
        string prlimit = Programs.Require("prlimit");
        FlowerProcess serve = await ServeAsync("service=full", "--", "cat");
        await using Client.Handle handle = await Board.OpenAsync();
        await EchoAsync(handle);
        int highest = serve.OpenDescriptors.Max(entry => int.Parse(entry.Split(' ')[0], CultureInfo.InvariantCulture));

        await LimitAsync(prlimit, serve, highest + 1);
        try
        {
            using Dialogue client = await Dialogue.OpenAsync(handle, ("service", "full"));
            client.SayNoMore();
            await client.HearAsync();
        }
        catch (FlowerException)
        {
            // Which of the two depends on where the last descriptor was missing.
        }

        await LimitAsync(prlimit, serve, highest + 100);

        await EchoAsync(handle);
        Assert.That(serve.HasExited, Is.False);

        async Task EchoAsync(Client.Handle board)
        {
            using Dialogue client = await Dialogue.OpenAsync(board, ("service", "full"));
            await client.SayAsync("still there");
            Assert.That(await client.HearAsync(), Is.EqualTo("still there"));
        }
    }

    [TestCase("64", "give the command to run", "service=x")]
    [TestCase("127", "no-such-program: command not found", "service=x", "--", "no-such-program")]
    [TestCase("126", "/etc/passwd: permission denied", "service=x", "--", "/etc/passwd")]
    [TestCase("64", "--max wants a number from 1 to 4096", "--max", "0", "service=x", "--", "cat")]
    [TestCase("64", "'x' is not a label", "x", "--", "cat")]
    public async Task Serve_BadCommandLine_SaysWhatToDo(string code, string words, params string[] args)
    {
        FlowerProcess serve = Board.Flower(["serve", .. args]);

        Assert.That(await serve.ExitAsync(), Is.EqualTo(int.Parse(code, CultureInfo.InvariantCulture)));
        Assert.That(serve.Error.Lines.Single(), Does.StartWith("flower serve: ").And.Contains(words));
    }

    private Task<FlowerProcess> ServeAsync(params string[] args) => Board.FlowerReadyAsync(["serve", .. args]);

    private static async Task LimitAsync(string prlimit, FlowerProcess process, int descriptors)
    {
        await using FlowerProcess set =
            FlowerProcess.Start(prlimit, [$"--pid={process.Id}", $"--nofile={descriptors}:"]);
        Assert.That(await set.ExitAsync(), Is.Zero, set.Error.ToString());
    }

    private static async Task<int> AskAsync(Client.Handle handle)
    {
        using Dialogue client = await Dialogue.OpenAsync(handle, ("service", "count"));
        int count = int.Parse((await client.HearAsync())!, CultureInfo.InvariantCulture);
        await client.SayAsync("done");
        Assert.That(await client.HearAsync(), Is.EqualTo("done"));
        return count;
    }

    /// <summary>The processes whose parent it is, zombies as well.</summary>
    private static List<int> Children(int parent)
    {
        var children = new List<int>();
        foreach (string folder in Directory.GetDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out int pid) && ParentOf(pid) == parent)
            {
                children.Add(pid);
            }
        }

        return children;
    }

    private static int ParentOf(int pid)
    {
        try
        {
            // The name of the program, in brackets, may have anything in it.
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return -1;
        }
    }
}
