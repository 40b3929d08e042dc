// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Client;
using Flower.Protocol;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A test of <c>flower tap</c>, on a switchboard that gives root the right.</summary>
public abstract class TapTest : IngressTest
{
    private protected string Capture => Path.Combine(Board.Folder, "capture.pcapng");

    private protected override string[] Prepare()
    {
        string file = Path.Combine(Board.Folder, "switchboard.json");
        File.WriteAllText(file, """{ "grants": [ { "who": "user:root", "rights": ["all", "tap"] } ] }""");
        return ["--config", file];
    }

    /// <summary>A tap that is there, of service=www unless something else is named.</summary>
    private protected Task<FlowerProcess> TapAsync(params string[] options) =>
        Board.FlowerReadyAsync(["tap", .. options.Any(o => o.Contains('=')) ? options : [.. options, "service=www"]]);

    /// <summary>Both ends of a connection to a listener with these labels.</summary>
    private protected static async Task<(Connection AtClient, Connection AtServer)> JoinAsync(
        Client.Handle handle, Listener listener, params string[] words)
    {
        Task<Connection> connecting = handle.ConnectAsync(LabelSet.ParseWords(words), new() { Wait = true });
        await using IAsyncEnumerator<IncomingConnection> incoming = listener.GetAsyncEnumerator();
        Assert.That(await incoming.MoveNextAsync().AsTask().Within(), Is.True);
        Connection atServer = await incoming.Current.AcceptAsync().Within();
        Connection atClient = await connecting.Within();
        foreach (Socket socket in new[] { atClient.Socket, atServer.Socket })
        {
            socket.ReceiveTimeout = 30_000;
            socket.SendTimeout = 30_000;
        }

        return (atClient, atServer);
    }

    private protected static void AssertTalk(Connection one, Connection other)
    {
        foreach ((Socket from, Socket to) in new[] { (one.Socket, other.Socket), (other.Socket, one.Socket) })
        {
            byte[] buffer = new byte[16];
            from.Send("hello"u8);
            int count = to.Receive(buffer);
            Assert.That(buffer.AsSpan(0, count).ToArray(), Is.EqualTo("hello"u8.ToArray()));
        }
    }

    /// <summary>The fields of each packet that tshark finds in the capture.</summary>
    private protected async Task<string[][]> TsharkAsync(string filter, params string[] fields)
    {
        FlowerProcess tshark = Board.Program(
            Programs.Require("tshark"),
            ["-r", Capture, "-o", "tcp.check_checksum:TRUE", "-Y", filter, "-T", "fields", "-E", "separator=|",
                .. fields.SelectMany(field => new[] { "-e", field })]);
        Assert.That(await tshark.ExitAsync(), Is.Zero, tshark.Error.ToString());
        return [.. tshark.Out.Lines.Select(line => line.Split('|'))];
    }
}
