// SPDX-License-Identifier: BSD-2-Clause
using System.Buffers;
using System.Text;
using Flower.Client;
using Flower.Ingress.Accepting;
using Flower.Protocol;
using Flower.Relay;
using Flower.Rpc.Transport;

namespace Flower.Ingress;

/// <summary>
/// What an ingress says about each connection, a line each. The lines of one turn of the loop are written together at
/// its end: a busy ingress makes one system call for many, and an idle one says each at once. On the loop, but for the
/// last <see cref="Flush"/>, once the loop has ended.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="output">Where to; stays the caller's.</param>
/// <param name="quiet">Only refusals and failures.</param>
internal sealed class IngressLog(EventLoop loop, Stream output, bool quiet)
{
    private const string Prefix = "flower ingress: ";
    private const int MaxBytes = 64 * 1024;

    private readonly ArrayBufferWriter<byte> _lines = new(4096);
    private bool _isDue;

    /// <summary>The connection is closed.</summary>
    public void Refused(string client, string why) => Say($"refused {client}: {why}");

    /// <summary>The socket is the server's now.</summary>
    public void HandedOver(AcceptedConnection connection, ConnectionLabels labels)
    {
        if (!quiet)
        {
            Say($"handed over {connection.Client}: {labels}");
        }
    }

    /// <summary>An egress has connected, and bytes go through this process.</summary>
    public void Relaying(AcceptedConnection connection, ConnectionLabels labels)
    {
        if (!quiet)
        {
            Say($"relaying {connection.Client}: {labels}");
        }
    }

    /// <summary>A relay has ended as it should.</summary>
    public void Relayed(string client, RelayedBytes bytes)
    {
        if (!quiet)
        {
            Say($"relayed {client}: {Plural.Of(bytes.ToOther, "byte")} to the server, {bytes.ToOne} to the client");
        }
    }

    /// <summary>Says a line in any case.</summary>
    public void Say(string line)
    {
        Encoding.UTF8.GetBytes(Prefix, _lines);
        Encoding.UTF8.GetBytes(LabelRules.Printable(line), _lines);
        _lines.Write("\n"u8);
        if (_lines.WrittenCount >= MaxBytes)
        {
            Flush();
        }
        else if (!_isDue)
        {
            _isDue = true;
            loop.AtEndOfTurn(Flush);
        }
    }

    /// <summary>Writes what was said.</summary>
    public void Flush()
    {
        _isDue = false;
        if (_lines.WrittenCount == 0)
        {
            return;
        }

        try
        {
            output.Write(_lines.WrittenSpan);
        }
        catch (IOException)
        {
            // Nobody reads it any more, which does not concern the connections.
        }

        _lines.ResetWrittenCount();
    }
}
