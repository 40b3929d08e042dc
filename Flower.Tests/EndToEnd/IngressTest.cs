// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using System.Net.Sockets;
using System.Text;
using NUnit.Framework;

namespace Flower.Tests.EndToEnd;

/// <summary>A test of <c>flower ingress accept</c>: how to start one, and to be its client.</summary>
public abstract class IngressTest : EndToEndTest
{
    private protected const string Get = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";

    /// <summary>Starts an ingress on loopback with the label <c>service=www</c>, and these options.</summary>
    private protected async Task<(FlowerProcess Ingress, IPEndPoint Address)> StartAsync(params string[] options)
    {
        FlowerProcess ingress = await Board.FlowerReadyAsync(
            ["ingress", "accept", "127.0.0.1:0", "service=www", .. options]);
        return (ingress, await AddressAsync(ingress));
    }

    private protected Task<LabelServer> ServeAsync(
        string name = "www", params IEnumerable<(string Key, string Value)> more) =>
        LabelServer.StartAsync(Board, name, [("service", "www"), .. more]);

    private protected static async Task<IPEndPoint> AddressAsync(FlowerProcess ingress, string prefix = "127.0.0.1:")
    {
        string line = await ingress.Error.AwaitLineAsync("listening on " + prefix);
        return IPEndPoint.Parse(line[(line.LastIndexOf(' ') + 1)..]);
    }

    /// <summary>Waits until the ingress holds so many connections to this address, and not more.</summary>
    private protected static async Task AwaitHeldAsync(FlowerProcess ingress, IPEndPoint address, int connections) =>
        Assert.That(
            await Patience.UntilAsync(() => Task.FromResult(CountHeld(ingress, address) == connections)),
            Is.True,
            () => $"holds {CountHeld(ingress, address)} connections");

    // proc_net(5): the local address, the state (0A is LISTEN), and as tenth column the inode, by which /proc/PID/fd
    // names a socket.
    private static int CountHeld(FlowerProcess ingress, IPEndPoint address)
    {
        string port = $":{address.Port:X4}";
        HashSet<string> inodes = [.. File.ReadLines("/proc/net/tcp")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(columns => columns[1].EndsWith(port, StringComparison.Ordinal) && columns[3] != "0A")
            .Select(columns => $"socket:[{columns[9]}]")];
        return ingress.OpenDescriptors.Count(entry => inodes.Contains(entry.Split(' ', 2)[1]));
    }

    private protected static async Task<Socket> ConnectAsync(EndPoint address)
    {
        var socket = new Socket(
            address.AddressFamily,
            SocketType.Stream,
            address is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        await socket.ConnectAsync(address).Within();
        if (address is IPEndPoint)
        {
            socket.NoDelay = true;
        }

        return socket;
    }

    /// <summary>Sends each piece by itself, then reads to the end. Empty: it was closed or reset.</summary>
    private protected static async Task<string> AskAsync(EndPoint address, params IEnumerable<byte[]> pieces)
    {
        using Socket socket = await ConnectAsync(address);
        try
        {
            foreach (byte[] piece in pieces)
            {
                await socket.SendAsync(piece).Within();
                // So that each is a segment of its own.
                await Task.Yield();
            }
        }
        catch (SocketException)
        {
            // Refused before all was said.
            return "";
        }

        return await ReadAsync(socket);
    }

    private protected static Task<string> AskAsync(EndPoint address, string request = Get) =>
        AskAsync(address, [Encoding.Latin1.GetBytes(request)]);

    private protected static async Task<string> ReadAsync(Socket socket)
    {
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer).Within() is int count and > 0)
            {
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
            }
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            // As good as closed.
        }

        return text.ToString();
    }

    private protected static IEnumerable<byte[]> Bytewise(byte[] bytes) => bytes.Select(b => new[] { b });

    private protected static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    private protected static void AssertServedBy(string name, string answer) =>
        Assert.That(answer, Does.StartWith("HTTP/1.1 200 OK").And.EndsWith("\r\n\r\n" + name));
}
