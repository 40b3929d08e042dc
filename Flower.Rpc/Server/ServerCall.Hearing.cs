// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Rpc.Server;

/// <content>How a listener hears what comes, once the handler that named it has returned.</content>
internal sealed partial class ServerCall<TRequest, TResponse>
{
    // Named by the handler, and then in its place.
    private ICallListener<TRequest>? _listener;
    private bool _isHeard;

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
        Regrant();
        try
        {
            _listener!.OnMessage(request);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }

    private async void HearEnd()
    {
        try
        {
            _listener!.OnHalfClose();
            await SendLeftAsync().ConfigureAwait(true);
            End(Context.Status, Context.Trailers);
        }
        catch (Exception e)
        {
            Fail(e);
        }
    }
}
