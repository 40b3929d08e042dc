// SPDX-License-Identifier: BSD-2-Clause
using System.Text.Json.Nodes;

namespace Flower.Tests.EndToEnd;

/// <summary>What <c>flower web</c> tells a page, put together as the page does. Owns the response.</summary>
internal sealed class WebStream : IAsyncDisposable
{
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private WebStream(HttpResponseMessage response, StreamReader reader)
    {
        _response = response;
        _reader = reader;
    }

    public Dictionary<string, JsonNode> Targets { get; } = [];

    public Dictionary<string, JsonNode> Connections { get; } = [];

    public List<JsonNode> History { get; } = [];

    public bool IsConnected { get; private set; }

    public string Words { get; private set; } = "";

    public static async Task<WebStream> OpenAsync(HttpResponseMessage response) =>
        new(response.EnsureSuccessStatusCode(), new(await response.Content.ReadAsStreamAsync()));

    /// <summary>Reads on until it is so.</summary>
    public async Task UntilAsync(Func<WebStream, bool> isSo)
    {
        using var limit = new CancellationTokenSource(Patience.Limit);
        while (!isSo(this))
        {
            string line;
            try
            {
                line = await _reader.ReadLineAsync(limit.Token) ?? throw new EndOfStreamException("the stream has ended");
            }
            catch (OperationCanceledException e)
            {
                throw new TimeoutException(
                    $"it is never so: {Words}; {Targets.Count} targets, {Connections.Count} connections, {History.Count} events", e);
            }

            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                Apply(JsonNode.Parse(line["data: ".Length..])!.AsObject());
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        _response.Dispose();
        await Task.CompletedTask;
    }

    private void Apply(JsonObject message)
    {
        if (message["reset"] is not null)
        {
            Targets.Clear();
            Connections.Clear();
            History.Clear();
        }

        Apply(message, "targets", "removedTargets", Targets);
        Apply(message, "connections", "removedConnections", Connections);
        History.AddRange((message["history"]?.AsArray() ?? []).Select(told => told!));
        if (message["status"] is { } status)
        {
            IsConnected = (bool)status["connected"]!;
            Words = (string)status["words"]!;
        }
    }

    private static void Apply(JsonObject message, string set, string removed, Dictionary<string, JsonNode> all)
    {
        foreach (JsonNode? thing in message[set]?.AsArray() ?? [])
        {
            all[(string)thing!["id"]!] = thing;
        }

        foreach (JsonNode? id in message[removed]?.AsArray() ?? [])
        {
            all.Remove((string)id!);
        }
    }
}
