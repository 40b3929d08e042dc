// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Rpc;

/// <content>What a session does when the switchboard comes back with it after a crash (packet.proto, Restarted).</content>
public sealed partial class SessionChannel
{
    private const string RestartedFeature = "restarted";

    private bool _saidHello;

    /// <summary>Sends a frame that belongs to one epoch of a call. False: that epoch is over, and it was not sent.</summary>
    internal bool TrySend(ClientCall call, int epoch, Frame frame)
    {
        lock (_gate)
        {
            if (call.Epoch == epoch)
            {
                Send(frame);
                return true;
            }
        }

        return false;
    }

    /// <summary>As the other, for what is encoded.</summary>
    internal bool TrySend(ClientCall call, int epoch, in OutgoingFrame frame)
    {
        lock (_gate)
        {
            if (call.Epoch == epoch)
            {
                Send(frame);
                return true;
            }
        }

        frame.Descriptors?.ForEach(d => d.Dispose());
        return false;
    }

    // Under the gate. A session by path that only connects needs no Hello: it is not kept, and opened again instead.
    private void SayHelloBefore(ClientCall call)
    {
        if (!_saidHello && (_isShared || call.MaySurvive))
        {
            _saidHello = true;
            _writer.Add(new Frame
            {
                Hello = new Hello { Version = PacketLimits.Version, Features = { RestartedFeature } },
            });
        }
    }

    // Order: what was queued belongs to calls that have failed or answers what is void, and goes first; then the
    // acknowledgement, before which the switchboard reads nothing; then the calls are told, and what they say follows it.
    private void OnRestarted(Restarted restarted)
    {
        var named = new HashSet<uint>(restarted.Streams);
        ClientCall[] survivors;
        ClientCall[] failed;
        lock (_gate)
        {
            if (_loss is not null)
            {
                return;
            }

            _writer.Clear();
            survivors = [.. _calls.Values.Where(c => c.Survives && named.Contains(c.CallId)).OrderBy(c => c.CallId)];
            failed = [.. _calls.Values.Except(survivors)];
            var wanted = new Restarted();
            foreach (ClientCall call in survivors)
            {
                call.BeginEpoch();
                wanted.Streams.Add(call.CallId);
            }

            foreach (ClientCall call in failed)
            {
                _calls.Remove(call.CallId);
            }

            _writer.Add(new Frame { Restarted = wanted });
            FlushSoon();
        }

        foreach (ClientCall call in survivors)
        {
            call.TellRestart();
        }

        Grpc.Core.Status status = Restart().ToStatus();
        foreach (ClientCall call in failed)
        {
            call.Finish(status);
        }
    }

    internal static SessionLossException Restart() =>
        new(SessionLoss.Restarted, StatusCode.Unavailable, "the switchboard was restarted");
}
