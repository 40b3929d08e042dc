// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;

namespace Flower.Client;

/// <summary>
/// A registered server or egress, from one session to the next: when the switchboard went away and is back, it is
/// registered again as it was. Owns its current stream, and the task that reads it. Ends with the first refusal, with the
/// handle, or by <see cref="DisposeAsync"/>.
/// </summary>
internal sealed class Registration<TRequest, TResponse> : IAsyncDisposable
    where TResponse : class
{
    private readonly SessionKeeper _keeper;
    private readonly TargetContract<TRequest, TResponse> _contract;
    private readonly TargetStart _start;
    private readonly CancellationTokenSource _closing = new();
    private readonly Lock _lock = new();
    private TargetCall<TRequest, TResponse> _call;
    private Task _reading = Task.CompletedTask;
    private bool _isClosed;

    private Registration(
        SessionKeeper keeper,
        TargetContract<TRequest, TResponse> contract,
        TargetStart start,
        TargetReport report,
        TargetCall<TRequest, TResponse> call,
        TargetStarted started)
    {
        _keeper = keeper;
        _contract = contract;
        _start = start;
        Report = report;
        _call = call;
        Started = started;
    }

    /// <summary>What the switchboard answered the first time.</summary>
    public TargetStarted Started { get; }

    /// <summary>What it says of itself.</summary>
    public TargetReport Report { get; }

    /// <summary>Registers for the first time. <see cref="Run"/> follows.</summary>
    /// <exception cref="FlowerException">The labels are taken, or the handle does not allow it.</exception>
    public static async Task<Registration<TRequest, TResponse>> StartAsync(
        SessionKeeper keeper,
        TargetContract<TRequest, TResponse> contract,
        TargetStart start,
        CancellationToken cancellationToken)
    {
        try
        {
            var report = new TargetReport(start.State);
            (TargetCall<TRequest, TResponse> call, TargetStarted started) =
                await OpenAsync(keeper, contract, start, report, cancellationToken).ConfigureAwait(false);
            report.Resume(call.UpdateAsync, call.Loop);
            return new(keeper, contract, start, report, call, started);
        }
        finally
        {
            await LoopExit.TakeAsync();
        }
    }

    /// <summary>Begins to read, for this owner.</summary>
    public void Run(IOfferBoard<TResponse> board) => _reading = ReadAllAsync(board);

    /// <summary>Ends the registration. The owner has answered what it wanted to answer.</summary>
    public async ValueTask DisposeAsync()
    {
        TargetCall<TRequest, TResponse> call;
        lock (_lock)
        {
            _isClosed = true;
            call = _call;
        }

        // What is being registered again is given up; the stream that there is ends in order.
        await _closing.CancelAsync().ConfigureAwait(false);
        await call.CloseAsync(_reading).ConfigureAwait(false);
        _closing.Dispose();
    }

    private static async Task<(TargetCall<TRequest, TResponse> Call, TargetStarted Started)> OpenAsync(
        SessionKeeper keeper,
        TargetContract<TRequest, TResponse> contract,
        TargetStart start,
        TargetReport report,
        CancellationToken cancellationToken)
    {
        for (int losses = 0; ; losses++)
        {
            Session session = await keeper.GetAsync(default, cancellationToken).ConfigureAwait(false);
            var call = new TargetCall<TRequest, TResponse>(contract.Open(session), contract, session.Channel.Loop);
            try
            {
                start.State = report.Begin();
                return (call, await call.StartAsync(start, cancellationToken).ConfigureAwait(false));
            }
            catch (Exception e)
            {
                await call.DisposeAsync().ConfigureAwait(false);
                if (!keeper.AllowsAnotherTry(session, e, losses))
                {
                    throw;
                }
            }
        }
    }

    // Runs on the loop, as its calls are inline ones. Never faults: how it ended is told to those who wait for something
    // from it.
    private async Task ReadAllAsync(IOfferBoard<TResponse> board)
    {
        TargetCall<TRequest, TResponse>? call = _call;
        Exception? why = null;
        while (call is not null)
        {
            why = await ReadAsync(call, board).ConfigureAwait(false);
            board.Void(Failures.Ended(why));
            call = null;
            if (Failures.MayTryAgain(why))
            {
                try
                {
                    call = await RenewAsync(board).ConfigureAwait(false);
                }
                catch (Exception e)
                {
                    why = e;
                }
            }
        }

        board.End(_closing.IsCancellationRequested ? null : Failures.Ended(why));
        await LoopExit.TakeAsync();
    }

    // Until the stream ends: why, or null if the switchboard ended it in order.
    private async Task<Exception?> ReadAsync(
        TargetCall<TRequest, TResponse> call, IOfferBoard<TResponse> board)
    {
        try
        {
            await call.ForEachAsync(() =>
            {
                if (call.Response is { } response)
                {
                    return board.HandleAsync(response, call.Origin);
                }

                board.Void(Failures.Restarted());
                Report.Resume(call.UpdateAsync, call.Loop, again: true);
                return default;
            }).ConfigureAwait(false);
            return null;
        }
        catch (Exception e)
        {
            return Failures.FromCall(e, CancellationToken.None);
        }
    }

    // Null: closed meanwhile.
    private async Task<TargetCall<TRequest, TResponse>?> RenewAsync(IOfferBoard<TResponse> board)
    {
        (TargetCall<TRequest, TResponse> call, TargetStarted started) =
            await OpenAsync(_keeper, _contract, _start, Report, _closing.Token).ConfigureAwait(false);
        lock (_lock)
        {
            if (!_isClosed)
            {
                _call = call;
                board.Renew(started);
                Report.Resume(call.UpdateAsync, call.Loop);
                return call;
            }
        }

        await call.DisposeAsync().ConfigureAwait(false);
        return null;
    }
}
