// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <content>Those who keep to no rule.</content>
internal sealed partial class World
{
    // A packet that no well-behaved process sends, with a descriptor or without.
    private void Break(Peer peer)
    {
        peer.IsOutlaw = true;
        peer.MayEnd = "it has broken the protocol";
        byte[] packet = _choices.Next(4) switch
        {
            0 => [.. Enumerable.Range(0, _choices.Next(40)).Select(_ => (byte)_choices.Next(256))],
            1 => Frames(With(new Frame { HalfClose = new() }, (uint)_choices.Next(4)), With(new Frame { Status = new() }, 1)),
            2 => Frames(With(new Frame { Message = ByteString.CopyFrom(8, 1, 255), FdCount = 1 }, (uint)_choices.Next(6))),
            _ => Frames(
                With(new Frame { Credit = new() { Messages = (uint)_choices.Next(3) } }, (uint)_choices.Next(6)),
                With(new Frame { Start = new() { Method = "/flower.v1.Switchboard/ClientConnect" } }, (uint)_choices.Next(6))),
        };
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        kept.Dispose();
        SafeHandle[] descriptors = _choices.OneIn(2) ? [given] : [];
        if (packet.Length > 0)
        {
            peer.SendBytes(descriptors, packet);
        }

        given.Dispose();
    }

    private void Throw(int process, int count, byte[] bytes)
    {
        while (_peers.Count <= process)
        {
            Arrive();
            _peers[^1].MayEnd = "it keeps to no rule";
            _peers[^1].IsOutlaw = true;
        }

        Peer peer = _peers[process];
        if (peer.IsDead || bytes.Length == 0)
        {
            return;
        }

        Descriptor[] descriptors = [.. Enumerable.Range(0, count).Select(_ =>
        {
            (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
            _outside.Add(kept);
            return given;
        })];
        peer.SendBytes(descriptors, bytes);
        foreach (Descriptor descriptor in descriptors)
        {
            descriptor.Dispose();
        }

        Drain();
        while (!peer.IsDead && peer.Read())
        {
        }
    }

    private static byte[] Frames(params Frame[] frames) => new Packet { Frames = { frames } }.ToByteArray();

    private static Frame With(Frame frame, uint id)
    {
        frame.CallId = id;
        return frame;
    }
}
