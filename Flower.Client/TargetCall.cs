// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// One stream on which a server or an egress is registered. Answers may come from any thread: one is written at a time.
/// Responses are read by one reader.
/// </summary>
internal sealed class TargetCall<TRequest, TResponse>(
    AsyncDuplexStreamingCall<TRequest, TResponse> call, TargetContract<TRequest, TResponse> contract)
    : IAnswerStream, IAsyncDisposable
    where TResponse : class
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly ISurvivingStream<TRequest> _stream = (ISurvivingStream<TRequest>)call.ResponseStream;
    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>The response that was read; null: the switchboard was restarted, and what it offered before is void.</summary>
    public TResponse? Response => _stream.IsAtRestart ? null : call.ResponseStream.Current;

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

    /// <summary>Says something of the target itself.</summary>
    /// <exception cref="FlowerException">The registration has ended, or was restarted meanwhile.</exception>
    public async Task UpdateAsync(TargetUpdate update)
    {
        if (contract.Update is null)
        {
            return;
        }

        int epoch = _stream.Epoch;
        await _writing.WaitAsync().ConfigureAwait(false);
        try
        {
            await _stream.WriteAsync(contract.Update(update), epoch, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            throw Failures.Ended(e);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc/>
    public async Task AnswerAsync(Answer answer, int epoch, CancellationToken cancellationToken)
    {
        try
        {
            await SendAsync(contract.Answer(answer), epoch, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            answer.Accept?.Socket?.Handle?.Dispose();
            throw;
        }
    }

    /// <summary>Sends a request that belongs to an epoch: where that is over, nothing is sent.</summary>
    /// <exception cref="FlowerException">The registration has ended, or the epoch has.</exception>
    public async Task SendAsync(TRequest request, int epoch, CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // Not cancellable: a half-sent answer would leave its descriptor with nobody.
            await _stream.WriteAsync(request, epoch, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            throw e is InvalidOperationException ? Failures.Ended(e) : Failures.FromCall(e, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
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
}
