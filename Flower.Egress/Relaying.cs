// SPDX-License-Identifier: BSD-2-Clause
using Flower.CommandLine;
using Flower.Egress.Dialing;
using Flower.Protocol;
using Flower.Relay;
using Flower.Rpc;
using Flower.Rpc.Interop;

namespace Flower.Egress;

/// <summary>
/// Gives clients one end of a Unix pair instead of the socket of the network, and moves what is said between the two: whoever
/// has a socket of the network can connect it elsewhere, whatever the rules say. On the loop of the connector.
/// </summary>
internal sealed class Relaying(CancellationToken end) : IDisposable
{
    private const string Name = "flower egress";

    private readonly Relays _relays = new();

    /// <summary>How many connections go on.</summary>
    public int Count { get; private set; }

    /// <summary>The last one has ended.</summary>
    public event Action? Idle;

    /// <summary>Takes the socket, and gives the one that its client is to have.</summary>
    /// <param name="socket">Connected.</param>
    /// <param name="where">Where it leads, for the log.</param>
    /// <exception cref="DialException">No descriptor is left.</exception>
    public Descriptor Begin(Descriptor socket, string where)
    {
        Descriptor ours, theirs;
        try
        {
            (ours, theirs) = UnixSocket.StreamPair();
        }
        catch (FlowerSocketException e)
        {
            socket.Dispose();
            throw new DialException(DialWords.Of(e.Errno, where));
        }

        Count++;
        // Owned by the count.
        _ = RunAsync(ours, socket, where);
        return theirs;
    }

    public void Dispose() => _relays.Dispose();

    // Never faults.
    private async Task RunAsync(Descriptor ours, Descriptor socket, string where)
    {
        try
        {
            RelayedBytes bytes = await _relays.RunAsync(ours, socket, end);
            Tool.Say(Name, $"relayed {where}: {Plural.Of(bytes.ToOther, "byte")} there, {bytes.ToOne} back");
        }
        catch (Exception e) when (e is IOException or FlowerSocketException)
        {
            Tool.Say(Name, $"relaying {where} failed: {e.Message}");
        }
        catch (OperationCanceledException)
        {
            Tool.Say(Name, $"relaying {where} was cut off: the egress is stopping");
        }

        if (--Count == 0)
        {
            Idle?.Invoke();
        }
    }
}
