// SPDX-License-Identifier: BSD-2-Clause
using System.Security.Cryptography;
using Flower.Client;
using Flower.CommandLine;
using Flower.Protocol;

namespace Flower.Demo;

/// <summary>
/// The steps of the demo, in order. Each prints what it did; the first that does not hold throws. Owns the processes
/// that it starts.
/// </summary>
internal sealed class Show(string directory) : IAsyncDisposable
{
    private const int FileBytes = 8 * 1024 * 1024;

    private readonly string _address = $"unix:{Path.Combine(directory, "switchboard.sock")}";
    private readonly List<DemoProcess> _processes = [];
    private int _step;

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Say("a switchboard", $"flower switchboard --listen {_address["unix:".Length..]}");
        await StartAsync(cancellationToken, "switchboard", "--listen", _address["unix:".Length..]);
        await using Handle handle = await Handle.OpenAsync(_address, cancellationToken: cancellationToken);

        Say("a web server that listens on the board, and on no address", "service=www");
        await using var page = new DemoPage(handle);
        await page.StartAsync(LabelSet.Create(("service", "www")), cancellationToken);

        Say("an ingress on a free port", "flower ingress accept 127.0.0.1:0 service=www");
        DemoProcess ingress = await StartAsync(cancellationToken, "ingress", "accept", "127.0.0.1:0", "service=www");
        int port = await ingress.ReadPortAsync(cancellationToken);
        await FetchThroughIngressAsync(page, port, cancellationToken);

        Say("an egress", "flower egress connect --allow 127.0.0.0/8 zone=outside");
        await StartAsync(cancellationToken, "egress", "connect", "--allow", "127.0.0.0/8", "zone=outside");
        await FetchThroughEgressAsync(handle, page, port, cancellationToken);

        await CatBothWaysAsync(cancellationToken);
        await ListAsync(handle, cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // The switchboard, which was started first, goes last: the others end in peace.
        for (int i = _processes.Count - 1; i >= 0; i--)
        {
            await _processes[i].DisposeAsync();
        }
    }

    private static void Hold(bool holds, string what)
    {
        if (!holds)
        {
            throw new ToolException(ExitCodes.Failed, $"this did not hold: {what}");
        }
    }

    private static void Tell(string line) => Console.WriteLine($"   {line}");

    private static void Tell(string who, ConnectionLabels labels)
    {
        Tell($"{who} saw:");
        foreach (ConnectionLabel label in labels)
        {
            Tell($"   {label}");
        }
    }

    private async Task FetchThroughIngressAsync(DemoPage page, int port, CancellationToken cancellationToken)
    {
        Say("a page through the ingress", $"GET http://127.0.0.1:{port}/");
        // A proxy of the environment is for the outside.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        string text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/"), cancellationToken);
        ConnectionLabels seen = await page.NextVisitorAsync(cancellationToken);
        Hold(text == DemoPage.Text, "the page that came is the page that was served");
        Hold(seen["client_address"] == "127.0.0.1", "the server learned the client's address");
        Tell($"the page: {text.TrimEnd()}");
        Tell("the server", seen);
    }

    private async Task FetchThroughEgressAsync(
        Handle handle, DemoPage page, int port, CancellationToken cancellationToken)
    {
        LabelSet destination = LabelSet.Create(
            ("address_family", "inet"), ("server_address", "127.0.0.1"), ("server_port", $"{port}"));
        Say("the page once more, out through the egress and in through the ingress", destination.ToString());
        ConnectionLabels? labels = null;
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, token) =>
            {
                Connection connection = await handle.ConnectAsync(destination, cancellationToken: token);
                labels = connection.Labels;
                return connection.GetStream();
            },
        };
        using var http = new HttpClient(handler);
        string text = await http.GetStringAsync(new Uri("http://demo.invalid/"), cancellationToken);
        await page.NextVisitorAsync(cancellationToken);
        Hold(text == DemoPage.Text, "the page through the egress is the same");
        Hold(labels?["zone"] == "outside", "the client learned that an egress with zone=outside connected it");
        Tell("the client", labels!);
    }

    private async Task CatBothWaysAsync(CancellationToken cancellationToken)
    {
        Say(
            $"two cats, {FileBytes / 1024 / 1024} MiB each way at once",
            "flower cat -l program=demo < a > b; flower cat program=demo < b > a");
        byte[] a = RandomNumberGenerator.GetBytes(FileBytes);
        byte[] b = RandomNumberGenerator.GetBytes(FileBytes);
        DemoProcess server = await StartAsync(cancellationToken, "cat", "-l", "-v", "program=demo");
        await using var client = DemoProcess.Start(directory, _address, ["cat", "-v", "program=demo"]);
        Task<byte[]> atServer = server.PipeAsync(a, cancellationToken);
        Task<byte[]> atClient = client.PipeAsync(b, cancellationToken);
        Hold(await HashAsync(atServer) == Hash(b), "the bytes of the client arrived at the server");
        Hold(await HashAsync(atClient) == Hash(a), "the bytes of the server arrived at the client");
        Hold(await server.ExitAsync(cancellationToken) == 0, "the listening cat exited 0");
        Hold(await client.ExitAsync(cancellationToken) == 0, "the connecting cat exited 0");
        Tell($"client to server: sha256 {Hash(b)[..16]}…, equal");
        Tell($"server to client: sha256 {Hash(a)[..16]}…, equal");
        Tell("the listening cat saw:");
        server.Said.ForEach(line => Tell($"   {line}"));
    }

    private async Task ListAsync(Handle handle, CancellationToken cancellationToken)
    {
        Say("what is on the board now", "flower ls");
        var kinds = new List<string>();
        await foreach (TargetInfo target in handle.ListAsync(LabelSet.Empty, cancellationToken))
        {
            kinds.Add(target.Kind.ToString());
            Tell($"{target.Kind}: {string.Join(' ', target.Labels.Where(l => !l.Key.StartsWith("flower.", StringComparison.Ordinal)).Select(l => $"{l.Key}={l.Value}"))}");
        }

        Hold(
            kinds.Order().SequenceEqual(["Egress", "Server"]),
            "the web server and the egress are registered, and the cat is gone");
    }

    private void Say(string what, string how) => Console.WriteLine($"\n{++_step}. {what}\n   {how}");

    private async Task<DemoProcess> StartAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        var process = DemoProcess.Start(directory, _address, arguments);
        _processes.Add(process);
        await process.ReadyAsync(cancellationToken);
        return process;
    }

    private static async Task<string> HashAsync(Task<byte[]> bytes) => Hash(await bytes);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
