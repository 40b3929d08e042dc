// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Flower.Rpc.Transport;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// One stream on which a server or an egress is registered. Answers may come from any thread: one is written at a time.
/// Responses are read by one reader.
/// </summary>
internal sealed class TargetCall<TRequest, TResponse>(
    AsyncDuplexStreamingCall<TRequest, TResponse> call, TargetContract<TRequest, TResponse> contract, EventLoop loop)
    : IAnswerStream, IAsyncDisposable
    where TResponse : class
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly ISurvivingStream<TRequest> _stream = (ISurvivingStream<TRequest>)call.ResponseStream;
    private readonly SemaphoreSlim _writing = new(1, 1);

    // Guarded by the semaphore: a message behind the last one would end the whole session.
    private bool _isCompleted;

    /// <summary>The response that was read; null: the switchboard was restarted, and what it offered before is void.</summary>
    public TResponse? Response => _stream.IsAtRestart ? null : call.ResponseStream.Current;

    /// <summary>Of its session.</summary>
    public EventLoop Loop => loop;

    /// <summary>Where what is offered in the response is answered.</summary>
    public OfferOrigin Origin => new(this, _stream.Epoch);

    /// <summary>Sends the first request and waits for the first response. The call survives restarts from then on.</summary>
    public async Task<TargetStarted> StartAsync(TargetStart start, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration giveUp = cancellationToken.UnsafeRegister(
            static state => ((AsyncDuplexStreamingCall<TRequest, TResponse>)state!).Dispose(), call);
        try
        {
            await call.RequestStream.WriteAsync(contract.Start(start), CancellationToken.None).ConfigureAwait(false);
            TargetStarted? started = await ReadAsync().ConfigureAwait(false) ? contract.Started(Response!) : null;
            _stream.Survive();
            return started ?? throw Failures.Broken("registration");
        }
        catch (Exception e) when (Failures.Known(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failures.FromCall(e, cancellationToken);
        }
    }

    /// <summary>Reads the next response. False: the stream has ended.</summary>
    public Task<bool> ReadAsync() => call.ResponseStream.MoveNext(CancellationToken.None);

    /// <summary>Has each further response handled, one after another, mostly where it arrives: see
    /// <see cref="ISurvivingStream{TRequest}.ForEachAsync"/>.</summary>
    public Task ForEachAsync(Func<ValueTask> handler) => _stream.ForEachAsync(handler);

    /// <summary>Says something of the target itself.</summary>
    /// <exception cref="FlowerException">The registration has ended, or was restarted meanwhile.</exception>
    public Task UpdateAsync(TargetUpdate update) => contract.Update is null
        ? Task.CompletedTask
        : SendAsync(contract.Update(update), _stream.Epoch, CancellationToken.None);

    /// <inheritdoc/>
    public Task AnswerAsync(Answer answer, int epoch, CancellationToken cancellationToken)
    {
        Task sent = SendAsync(contract.Answer(answer), epoch, cancellationToken);
        return sent.IsCompletedSuccessfully ? sent : AnsweredAsync(sent, answer);
    }

    /// <summary>Sends a request that belongs to an epoch: where that is over, nothing is sent.</summary>
    /// <exception cref="FlowerException">The registration has ended, or the epoch has.</exception>
    public Task SendAsync(TRequest request, int epoch, CancellationToken cancellationToken)
    {
        // Mostly nobody else writes, and there is credit.
        if (cancellationToken.IsCancellationRequested || !_writing.Wait(0, CancellationToken.None))
        {
            return SendLaterAsync(request, epoch, cancellationToken);
        }

        try
        {
            ThrowIfCompleted();
            if (_stream.TryWrite(request, epoch))
            {
                return Task.CompletedTask;
            }
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            return Task.FromException(Failed(e, cancellationToken));
        }
        finally
        {
            _writing.Release();
        }

        return SendLaterAsync(request, epoch, cancellationToken);
    }

    /// <summary>
    /// Ends the registration: no more answers, so that those already sent are heard; then the reader is awaited, which
    /// the switchboard lets go; then the call is given up in case it did not.
    /// </summary>
    public async ValueTask CloseAsync(Task reader)
    {
        try
        {
            await _writing.WaitAsync().ConfigureAwait(false);
            try
            {
                _isCompleted = true;
                await call.RequestStream.CompleteAsync().ConfigureAwait(false);
            }
            finally
            {
                _writing.Release();
            }

            await reader.WaitAsync(Farewell).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException or TimeoutException)
        {
            // The call had ended by itself, or does not want to: what follows ends it.
        }

        call.Dispose();
        await reader.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        call.Dispose();
        return default;
    }

    private static async Task AnsweredAsync(Task sent, Answer answer)
    {
        try
        {
            await sent.ConfigureAwait(false);
        }
        catch
        {
            answer.Accept?.Socket?.Handle?.Dispose();
            throw;
        }
    }

    private static Exception Failed(Exception e, CancellationToken cancellationToken) =>
        e is InvalidOperationException ? Failures.Ended(e) : Failures.FromCall(e, cancellationToken);

    private async Task SendLaterAsync(TRequest request, int epoch, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ThrowIfCompleted();
            // Not cancellable: a half-sent answer would leave its descriptor with nobody.
            await _stream.WriteAsync(request, epoch, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            throw Failed(e, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    private void ThrowIfCompleted()
    {
        if (_isCompleted)
        {
            throw new InvalidOperationException("the registration has ended");
        }
    }
}
