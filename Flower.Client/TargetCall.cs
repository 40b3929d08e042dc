// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Grpc.Core;

namespace Flower.Client;

/// <summary>
/// The stream on which a server or an egress is registered. Answers may come from any thread: one is written at a time.
/// Responses are read by one reader.
/// </summary>
internal sealed class TargetCall<TRequest, TResponse>(
    AsyncDuplexStreamingCall<TRequest, TResponse> call, Func<Answer, TRequest> wrap) : IAsyncDisposable
    where TResponse : class
{
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _writing = new(1, 1);

    /// <summary>Sends the first request and waits for the first response.</summary>
    public async Task<TResponse> StartAsync(TRequest start, CancellationToken cancellationToken)
    {
        using CancellationTokenRegistration giveUp = cancellationToken.UnsafeRegister(
            static state => ((AsyncDuplexStreamingCall<TRequest, TResponse>)state!).Dispose(), call);
        try
        {
            await call.RequestStream.WriteAsync(start, CancellationToken.None).ConfigureAwait(false);
            return await ReadAsync().ConfigureAwait(false) ?? throw Failures.Broken("first response");
        }
        catch (Exception e) when (Failures.Known(e))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Failures.FromCall(e, cancellationToken);
        }
    }

    /// <summary>The next response; null at the end.</summary>
    public async Task<TResponse?> ReadAsync() =>
        await call.ResponseStream.MoveNext(CancellationToken.None).ConfigureAwait(false)
            ? call.ResponseStream.Current
            : null;

    /// <summary>Sends an answer, whose descriptor the transport takes in any case.</summary>
    public async Task AnswerAsync(Answer answer, CancellationToken cancellationToken)
    {
        try
        {
            await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            answer.Accept?.Socket?.Handle?.Dispose();
            throw;
        }

        try
        {
            // Not cancellable: a half-sent answer would leave its descriptor with nobody.
            await call.RequestStream.WriteAsync(wrap(answer), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (Failures.Known(e) || e is InvalidOperationException)
        {
            answer.Accept?.Socket?.Handle?.Dispose();
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
