// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Run.Network;

/// <summary>
/// The first packets that the rules set aside in this network namespace: each comes here, and goes on with a verdict.
/// For the loop's thread alone, and <see cref="Dispose"/> too.
/// </summary>
internal sealed class FirstPackets : IDisposable
{
    private const int DatagramsPerTurn = 256;

    private readonly PacketLog _log;
    private readonly Dictionary<(AddressFamily, Verdict), RawPacketSocket> _senders = [];
    private readonly EventLoop.Watch _watch;

    /// <summary>Begins. What comes before the rules are there is nothing.</summary>
    /// <param name="loop">Where packets are read.</param>
    /// <param name="hasIPv6">Whether there is IPv6.</param>
    /// <param name="arrived">Takes a packet.</param>
    /// <exception cref="Rpc.FlowerSocketException">The kernel cannot do it, or we may not.</exception>
    public FirstPackets(EventLoop loop, bool hasIPv6, Action<FirstPacket> arrived)
    {
        _log = PacketLog.Open(BoxRules.LogGroup, FirstPacket.MaxBytes);
        try
        {
            AddressFamily[] families = hasIPv6
                ? [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6]
                : [AddressFamily.InterNetwork];
            foreach (AddressFamily family in families)
            {
                foreach (Verdict verdict in Enum.GetValues<Verdict>())
                {
                    _senders[(family, verdict)] = RawPacketSocket.Create(family, Marks.Of(verdict));
                }
            }

            _watch = loop.Add(_log.Descriptor, Readiness.Read, _ => _log.Read(DatagramsPerTurn, packet =>
            {
                if (FirstPacket.Read(packet) is { } first)
                {
                    arrived(first);
                }
            }));
        }
        catch
        {
            _log.Dispose();
            DisposeSenders();
            throw;
        }
    }

    /// <summary>
    /// Lets it go on. One that is lost on the way comes again, since whoever sent it has no answer: nothing is told.
    /// </summary>
    public void Answer(FirstPacket packet, Verdict verdict) => _senders[
        (packet.Flow.Destination.AddressFamily, verdict)].TrySend(packet.Bytes, packet.Flow.Destination.Address);

    public void Dispose()
    {
        _watch.Dispose();
        _log.Dispose();
        DisposeSenders();
    }

    private void DisposeSenders()
    {
        foreach (RawPacketSocket sender in _senders.Values)
        {
            sender.Dispose();
        }
    }
}
