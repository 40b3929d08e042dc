// SPDX-License-Identifier: BSD-2-Clause
using System.Net.Sockets;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Egress.Dialing;

/// <summary>
/// One attempt to connect, up to the last byte of its preface. Owns the socket until it has succeeded, and everything
/// that waits for it; ends once. For the loop's thread alone.
/// </summary>
internal sealed class Attempt(EventLoop loop, DialTarget target, ReadOnlyMemory<byte> preface, TimeSpan limit)
{
    // A Unix listener whose queue is full tells nobody when it has room again.
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMilliseconds(200);

    private readonly TaskCompletionSource<Descriptor> _outcome =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ReadOnlyMemory<byte> _unsent = preface;
    private TimeSpan _nextRetry = FirstRetry;
    private Descriptor? _socket;
    private EventLoop.Watch? _watch;
    private IDisposable? _deadline;
    private IDisposable? _retry;
    private CancellationTokenRegistration _cancellation;

    public Task<Descriptor> Outcome => _outcome.Task;

    public void Start(CancellationToken cancellationToken)
    {
        _socket = OutgoingSocket.TryCreate(target.Family, out int errno);
        if (_socket is null)
        {
            Fail(DialWords.Of(errno, target.ToString()));
            return;
        }

        _deadline = loop.After(limit, () => Fail(DialWords.OfTimeout(limit, target.ToString())));
        _cancellation = cancellationToken.UnsafeRegister(
            (_, token) => loop.Post(_ => End(() => _outcome.TrySetCanceled(token)), null), null);
        Connect();
    }

    private void Connect()
    {
        int errno = target.Connect(_socket!);
        switch (errno)
        {
            case 0:
                Send();
                break;
            case Errno.InProgress:
                WaitUntilWritable(OnDecided);
                break;
            case Errno.Again when target.Family == AddressFamily.Unix:
                _retry = loop.After(_nextRetry, Connect);
                _nextRetry = _nextRetry * 2 < LongestRetry ? _nextRetry * 2 : LongestRetry;
                break;
            default:
                Fail(DialWords.Of(errno, target.ToString()));
                break;
        }
    }

    private void OnDecided()
    {
        int errno = OutgoingSocket.TakeError(_socket!);
        if (errno == 0)
        {
            Send();
        }
        else
        {
            Fail(DialWords.Of(errno, target.ToString()));
        }
    }

    // A new socket has room for a preface of some KiB, but nobody promises that.
    private void Send()
    {
        while (!_unsent.IsEmpty)
        {
            int errno = OutgoingSocket.TrySend(_socket!, _unsent.Span, out int count);
            if (errno == Errno.Again)
            {
                WaitUntilWritable(Send);
                return;
            }

            if (errno != 0)
            {
                Fail(DialWords.Of(errno, target.ToString()));
                return;
            }

            _unsent = _unsent[count..];
        }

        Succeed();
    }

    private void WaitUntilWritable(Action then)
    {
        _watch?.Dispose();
        try
        {
            _watch = loop.Add(_socket!, Readiness.Write, _ => then());
        }
        catch (FlowerSocketException e)
        {
            Fail($"cannot connect to {target}: {e.Message}");
        }
    }

    private void Succeed()
    {
        Descriptor socket = _socket!;
        _watch?.Dispose();
        _watch = null;
        _socket = null;
        OutgoingSocket.MakeBlocking(socket);
        End(() => _outcome.TrySetResult(socket));
    }

    private void Fail(string words) => End(() => _outcome.TrySetException(new DialException(words)));

    // The watch before the socket: epoll must not know a number that is somebody else's by then.
    private void End(Action tell)
    {
        if (_outcome.Task.IsCompleted)
        {
            return;
        }

        _cancellation.Unregister();
        _deadline?.Dispose();
        _retry?.Dispose();
        _watch?.Dispose();
        _socket?.Dispose();
        tell();
    }
}
