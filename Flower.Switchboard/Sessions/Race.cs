// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol.V1;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Switchboard.State;
using Google.Protobuf;
using Grpc.Core;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// The addresses that a name stands for, each of which an egress is asked to connect to, as Happy Eyeballs has it (RFC
/// 8305): the next one is tried when one has failed, or has not answered for a while; the first that is connected counts,
/// and the others are withdrawn. On the loop. Another process goes on with those that are being tried.
/// </summary>
/// <param name="board">Where it happens.</param>
/// <param name="call">The client's call.</param>
/// <param name="targets">What is tried.</param>
internal sealed class Race(Board board, SessionCallContext call, ITargetSource targets)
{
    private readonly List<Connecting> _running = [];
    private readonly CancellationTokenSource _over =
        CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);

    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IDisposable? _delay;
    private Connecting? _latest;
    private Connected? _won;
    private RpcException? _fault;
    private bool _isDue;
    private bool _isAdvancing;
    private bool _isLast;

    /// <summary>How many did not take it.</summary>
    public int Tried { get; private set; }

    /// <summary>What the last of them said.</summary>
    public OfferOutcome? Last { get; private set; }

    /// <summary>Which that was.</summary>
    public Target? LastTried { get; private set; }

    /// <summary>What comes next, and is no egress: it is not tried beside others.</summary>
    public Candidate? Left { get; private set; }

    /// <summary>Runs it, once.</summary>
    /// <param name="begun">What another process tried; then that is all.</param>
    /// <param name="first">The first one; null: there are some that were begun.</param>
    /// <returns>Null: none took it.</returns>
    /// <exception cref="RpcException">The connection was revoked, or a limit is reached.</exception>
    /// <exception cref="OperationCanceledException">The client has gone.</exception>
    public async Task<Connected?> RunAsync(IReadOnlyList<Connecting> begun, Candidate? first)
    {
        using CancellationTokenSource over = _over;
        using CancellationTokenRegistration gone =
            call.CancellationToken.UnsafeRegister(static race => ((Race)race!).Signal(), this);
        call.Checkpoint = Save;
        _isLast = first is null;
        foreach (Connecting connecting in begun)
        {
            Follow(connecting);
        }

        if (first is not null)
        {
            Start(first);
        }

        while (IsOn())
        {
            await ChangedAsync();
        }

        // Those that have not won end now, and their sockets are closed.
        _delay?.Dispose();
        _over.Cancel();
        while (_running.Count > 0 || _isAdvancing)
        {
            await ChangedAsync();
        }

        call.Checkpoint = null;
        return Result();
    }

    private Connected? Result()
    {
        if (call.CancellationToken.IsCancellationRequested || _fault is not null)
        {
            _won?.Socket?.Dispose();
            call.CancellationToken.ThrowIfCancellationRequested();
            throw _fault!;
        }

        return _won;
    }

    private bool IsOn()
    {
        if (_won is not null || _fault is not null || call.CancellationToken.IsCancellationRequested)
        {
            return false;
        }

        if (!_isLast && !_isAdvancing && (_isDue || _running.Count == 0))
        {
            Advance();
        }

        return _running.Count > 0 || _isAdvancing;
    }

    // Ends when there is a next one, or none; its own failure is the race's.
    private async void Advance()
    {
        _isAdvancing = true;
        _isDue = false;
        try
        {
            Candidate? next = await targets.NextAsync(_over.Token);
            _isLast = next is null || next.Target.Kind != TargetKind.Egress;
            if (_isLast)
            {
                Left = next;
            }
            else if (_won is null)
            {
                Start(next!);
            }
        }
        catch (RpcException e)
        {
            _fault ??= e;
        }
        catch (OperationCanceledException)
        {
            // The race is over.
        }
        finally
        {
            _isAdvancing = false;
            Signal();
        }
    }

    private void Start(Candidate candidate)
    {
        _isDue = false;
        _delay?.Dispose();
        _delay = board.AttemptDelays.Begin(() =>
        {
            _isDue = true;
            Signal();
        });
        _latest = Connecting.Begin(board, candidate.Wish, candidate.Target, targetEnd: null, clientEnd: null,
            traceParent: call.TraceParent);
        Follow(_latest);
    }

    // Ends with the answer, or with the race.
    private async void Follow(Connecting connecting)
    {
        _running.Add(connecting);
        try
        {
            OfferOutcome outcome = await connecting.FinishAsync(board, _over.Token).ConfigureAwait(false);
            if (outcome is OfferOutcome.Accepted accepted)
            {
                Win(connecting, accepted.Socket);
            }
            else
            {
                Tried++;
                (Last, LastTried) = (outcome, connecting.Target);
                board.Events.FailedOver(call, connecting.Target, outcome);
                _isDue = !ReferenceEquals(connecting, _latest) || targets.GoesOn(outcome);
            }
        }
        catch (RpcException e)
        {
            _fault ??= e;
        }
        catch (OperationCanceledException)
        {
            // Another one has won, or the client has gone.
        }
        finally
        {
            _running.Remove(connecting);
            Signal();
        }
    }

    // The others are cancelled at once, so that none of them is accepted from here on.
    private void Win(Connecting connecting, SafeHandle? socket)
    {
        if (_won is not null)
        {
            socket?.Dispose();
            return;
        }

        _won = new(connecting.Target, connecting.ForClient, socket);
        _over.Cancel();
    }

    private async Task ChangedAsync()
    {
        await _changed.Task;
        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    private void Signal() => _changed.TrySetResult();

    // While none is tried, the call begins again with its request.
    private ByteString Save(DescriptorTable descriptors)
    {
        if (_running.Count == 0)
        {
            return ByteString.Empty;
        }

        ConnectState state = _running[0].Save(descriptors);
        state.Others.AddRange(_running.Skip(1).Select(connecting => connecting.Save(descriptors)));
        return state.ToByteString();
    }
}
