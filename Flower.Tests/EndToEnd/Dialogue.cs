// SPDX-License-Identifier: BSD-2-Clause
using System.Text;
using Flower.Client;
using Flower.Protocol;

namespace Flower.Tests.EndToEnd;

/// <summary>A client in the test's own process that speaks in lines. Owns its connection.</summary>
internal sealed class Dialogue : IDisposable
{
    private readonly Connection _connection;
    private readonly StreamReader _reader;

    private Dialogue(Connection connection)
    {
        _connection = connection;
        _reader = new(connection.GetStream(), Encoding.UTF8);
    }

    public static async Task<Dialogue> OpenAsync(Client.Handle handle, params (string Key, string Value)[] labels) =>
        new(await handle.ConnectAsync(LabelSet.Create(labels), new() { RelatedOnly = true }).Within());

    public async Task SayAsync(string line) =>
        await _connection.GetStream().WriteAsync(Encoding.UTF8.GetBytes(line + '\n')).AsTask().Within();

    /// <summary>The next line; null: the end, in whichever way.</summary>
    public async Task<string?> HearAsync()
    {
        try
        {
            return await _reader.ReadLineAsync().Within();
        }
        catch (IOException)
        {
            return null;
        }
    }

    public async Task<List<string>> HearAllAsync()
    {
        var lines = new List<string>();
        while (await HearAsync() is { } line)
        {
            lines.Add(line);
        }

        return lines;
    }

    public void SayNoMore() => _connection.Socket.Shutdown(System.Net.Sockets.SocketShutdown.Send);

    public void Dispose()
    {
        _reader.Dispose();
        _connection.Dispose();
    }
}
