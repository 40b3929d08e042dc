// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Grpc.Core;
using RpcStatus = Grpc.Core.Status;

namespace Flower.Rpc.Server;

/// <content>How a session outlives a crash of this process.</content>
internal sealed partial class ServerSession
{
    private const string RestartedFeature = "restarted";

    private static readonly TimeSpan AcknowledgementTime = TimeSpan.FromSeconds(30);

    private ulong _stored;
    private bool _understandsRestarted;
    private bool _awaitsAcknowledgement;

    /// <summary>Whether a call would be kept.</summary>
    internal bool KeepsCalls => _understandsRestarted && Server.Store is not null;

    /// <summary>Keeps the session across a crash, if there is a store.</summary>
    internal void Keep()
    {
        if (Server.Store is ISessionStore store && _stored == 0 && !_stopped)
        {
            _stored = store.Add(_socket, Authority, _isShared);
            KeepOwner();
        }
    }

    /// <summary>Keeps a call across a crash, and so its session, if its caller will understand what happened.</summary>
    internal void Keep(CallState call)
    {
        if (_understandsRestarted)
        {
            Keep();
            if (_stored != 0)
            {
                Server.Store?.AddCall(_stored, call);
            }
        }
    }

    /// <summary>A call that was kept has ended.</summary>
    internal void LetGo(uint callId)
    {
        if (_stored != 0 && !_paused)
        {
            Server.Store?.RemoveCall(_stored, callId);
        }
    }

    private void KeepOwner()
    {
        if (_stored != 0 && _owner is Credentials owner)
        {
            Server.Store?.SetOwner(_stored, owner, _understandsRestarted);
        }
    }

    private void OnFeatures(Hello hello)
    {
        if (!_understandsRestarted && hello.Features.Contains(RestartedFeature))
        {
            _understandsRestarted = true;
            KeepOwner();
        }
    }

    // First of all on the session, and before anything that the restored calls have to say.
    internal void AnnounceRestart() => Send(new Frame { Restarted = new Restarted { Streams = { _calls.Keys.Order() } } });

    // Its owner may have ended while nobody looked: then there is none who acknowledges, though a child of it may hold the
    // socket open, and the pidfd that tells of its end is not kept.
    private void ExpectAcknowledgement()
    {
        try
        {
            _pidFd ??= Interop.ProcessDescriptor.Open(Credentials.Pid);
        }
        catch (FlowerSocketException)
        {
            // It has ended, or there is no descriptor left to watch it: the time limit is for both.
        }

        Loop.After(AcknowledgementTime, () =>
        {
            if (_awaitsAcknowledgement && !_stopped && !_paused)
            {
                Close("its owner did not say that it knows of the restart");
            }
        });
    }

    private void OnAcknowledged(Restarted restarted)
    {
        if (!_awaitsAcknowledgement)
        {
            return;
        }

        _awaitsAcknowledgement = false;
        foreach (ServerCall call in _calls.Values.Where(call => !restarted.Streams.Contains(call.CallId)).ToArray())
        {
            call.End(new RpcStatus(StatusCode.Cancelled, "the caller gave up"));
        }
    }

    // The store's copy of the socket would keep the peer from seeing the end.
    private void LeaveStore()
    {
        if (_stored != 0 && !_paused)
        {
            Server.Store?.Remove(_stored);
            ConnectedSocket.End(_socket);
        }
    }
}
