// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Transport;

namespace Flower.Rpc.Server;

/// <content>How a listener hears what comes, once the handler that named it has returned.</content>
internal sealed partial class ServerCall<TRequest, TResponse>
{
    // Named by the handler, and then in its place.
    private ICallListener<TRequest>? _listener;
    private bool _isHeard;
    private bool _willRegrant;

    public void Listen(ICallListener<TRequest> listener)
    {
        if (HasEnded)
        {
            throw new OperationCanceledException("the call has ended");
        }

        _listener = listener;
        _current = null;
    }

    private void HearReceived()
    {
        _isHeard = true;
        while (!HasEnded && TryTake(out TRequest? request))
        {
            Hear(request);
        }

        if (_halfClosed && !HasEnded)
        {
            HearEnd();
        }
    }

    private void Hear(TRequest request)
    {
        RegrantSoon();
        try
        {
            _listener!.OnMessage(request);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    // Not at once, or one packet could bring any number of messages, all of them heard before others have their turn. Posted,
    // since what is posted is waited for before the call is saved: without credit it would never hear anything again.
    private void RegrantSoon()
    {
        if (_willRegrant || PacketLimits.InitialCredit - _granted < PacketLimits.InitialCredit / 2)
        {
            return;
        }

        _willRegrant = true;
        Session.Loop.Post(
            static state =>
            {
                var call = (ServerCall<TRequest, TResponse>)state!;
                call._willRegrant = false;
                if (!call.HasEnded)
                {
                    call.Regrant();
                }
            },
            this);
    }

    private void HearEnd()
    {
        try
        {
            _listener!.OnHalfClose();
            EndOnceSent();
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }
}
