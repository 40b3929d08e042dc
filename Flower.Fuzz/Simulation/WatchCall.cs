// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;
using Target = Flower.Protocol.V1.Target;

namespace Flower.Fuzz.Simulation;

/// <summary>Watches the board, and keeps what it is told of targets: that must be what is listed.</summary>
internal sealed class WatchCall(Peer peer) : StreamCall(peer, "Watch")
{
    private readonly Dictionary<ulong, Target> _targets = [];
    private bool _isBegun;
    private bool _isComplete;
    private ulong _sequence;

    /// <summary>Compares what it was told with what is registered, once nothing is on its way.</summary>
    /// <param name="registered">What is, as List would tell it.</param>
    /// <param name="wholly">Also how it is, of which it is told a second later at the latest.</param>
    public void Check(IReadOnlyDictionary<ulong, Target> registered, bool wholly)
    {
        if (!_isBegun)
        {
            // It was refused, and that was not read yet, or it could not be told anything yet.
            return;
        }

        BrokenException.Unless(_isComplete, $"{Name} has never had the whole snapshot");
        foreach ((ulong id, Target target) in registered)
        {
            BrokenException.Unless(_targets.TryGetValue(id, out Target? told), $"{Name} was not told of {target}");
            BrokenException.Unless(
                !wholly || (told!.Draining, told.Weight, told.Activator) == (target.Draining, target.Weight, target.Activator),
                $"{Name} was told {told}, and it is {target}");
        }

        BrokenException.Unless(
            _targets.Count == registered.Count, $"{Name} was told of {_targets.Count} targets, and {registered.Count} are there");
    }

    public override void OnMessage(ByteString message, List<Descriptor>? descriptors)
    {
        BrokenException.Unless(--Granted >= -32, $"{Name} is sent more messages than it takes");
        BrokenException.Unless(descriptors is null, $"{Name} is sent a descriptor");
        foreach (Event told in WatchResponse.Parser.ParseFrom(message).Events)
        {
            BrokenException.Unless(told.Sequence >= _sequence, $"{Name} is told {told.Sequence} after {_sequence}");
            _sequence = told.Sequence;
            OnEvent(told);
        }
    }

    protected override (bool Started, int Descriptors) OnTold(ByteString message, List<Descriptor>? descriptors) =>
        throw new NotSupportedException();

    private void OnEvent(Event told)
    {
        if (told.SnapshotBegun is not null)
        {
            _targets.Clear();
            (_isBegun, _isComplete) = (true, false);
            return;
        }

        BrokenException.Unless(_isBegun, $"{Name} is told {told} before a snapshot");
        _isComplete |= told.SnapshotEnded is not null;
        if (told.Target is not TargetEvent target)
        {
            return;
        }

        bool isNew = target.Change is TargetChange.Listed or TargetChange.Added;
        BrokenException.Unless(
            _targets.ContainsKey(target.TargetId) != isNew && (target.Change != TargetChange.Listed || !_isComplete),
            $"{Name} is told {target.Change} of target {target.TargetId}, which it {(isNew ? "knows" : "does not know")}");
        if (target.Change == TargetChange.Removed)
        {
            _targets.Remove(target.TargetId);
        }
        else
        {
            _targets[target.TargetId] = target.Target;
        }
    }
}
