// SPDX-License-Identifier: BSD-2-Clause
using System.Net;
using Flower.Ingress.Accepting;
using Flower.Rpc;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;

namespace Flower.Ingress.Peek;

/// <summary>
/// Looks at the first bytes of connections and leaves them there. Owns each connection from <see cref="Begin"/> until
/// it is admitted or refused. All share one buffer: what has arrived is kept by the kernel and looked at again from its
/// start when there is more. On the loop.
/// </summary>
/// <param name="loop">The loop.</param>
/// <param name="options">What is looked for.</param>
/// <param name="admit">Takes a connection that may go on.</param>
/// <param name="refuse">Takes one that may not, and why.</param>
internal sealed class FirstBytes(
    EventLoop loop,
    FirstBytesOptions options,
    Action<AcceptedConnection> admit,
    Action<AcceptedConnection, string> refuse)
{
    // Edge: bytes that were looked at stay unread, and must not be told again until there are more.
    private const Readiness Interest = Readiness.Read | Readiness.PeerClosed | Readiness.Edge;
    private const Readiness Over = Readiness.PeerClosed | Readiness.HangUp | Readiness.Error;

    private readonly FirstBytesPolicy _policy = new(options);
    private readonly LinkedList<Look> _looks = [];
    private readonly byte[] _buffer = new byte[new FirstBytesPolicy(options).BufferBytes];
    private IDisposable? _timer;
    private TaskCompletionSource? _empty;

    /// <summary>How many connections are being looked at.</summary>
    public int Count => _looks.Count;

    /// <summary>
    /// Takes a connection. When there are too many, the one that has been here longest counts as too slow: those that
    /// say nothing never keep others out.
    /// </summary>
    public void Begin(AcceptedConnection connection)
    {
        if (_looks.Count >= options.MaxPeeking)
        {
            GiveUp(_looks.First!.Value, "it was the slowest of too many");
        }

        long due = Environment.TickCount64 + (long)options.Timeout.TotalMilliseconds;
        var look = new Look(connection, _policy.First, due);
        look.Node = _looks.AddLast(look);
        // Often it is all there already, and needs no watch.
        if (!Advance(look, ended: false))
        {
            Watch(look);
            _timer ??= loop.After(options.Timeout, GiveUpLate);
        }
    }

    /// <summary>Gives up all of them.</summary>
    public void RefuseAll(string why)
    {
        while (_looks.First is { } first)
        {
            Refuse(first.Value, why);
        }
    }

    /// <summary>Completes as soon as there is none.</summary>
    public Task WhenEmpty()
    {
        if (_looks.Count == 0)
        {
            return Task.CompletedTask;
        }

        _empty ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
        return _empty.Task;
    }

    private void Watch(Look look)
    {
        try
        {
            look.Watch = loop.Add(look.Connection.Socket, Interest, ready => Advance(look, (ready & Over) != 0));
        }
        catch (FlowerSocketException e)
        {
            Refuse(look, e.Message);
        }
    }

    // True: it is not here any more.
    private bool Advance(Look look, bool ended)
    {
        while (true)
        {
            int errno = StreamSocket.TryPeek(look.Connection.Socket, _buffer, out int count);
            if (errno is not (0 or Errno.Again))
            {
                Refuse(look, $"the client has gone ({Errno.NameOf(errno)})");
                return true;
            }

            look.Work += count;
            FirstBytesStep step = _policy.Judge(
                look.Stage, _buffer.AsSpan(0, count), ended || (errno == 0 && count == 0));
            if (step is FirstBytesStep.More && look.Work > _policy.MaxWork)
            {
                step = _policy.GiveUp(look.Stage, "its first bytes come in too many pieces");
            }

            switch (step)
            {
                case FirstBytesStep.Consume header when !Consume(look, header):
                    return true;
                case FirstBytesStep.Consume:
                    continue;
                case FirstBytesStep.More:
                    return false;
                default:
                    Finish(look, step);
                    return true;
            }
        }
    }

    // Exactly the header, which is there: not a byte of what the client says to the server.
    private bool Consume(Look look, FirstBytesStep.Consume step)
    {
        for (int left = step.Length; left > 0;)
        {
            int errno = StreamSocket.TryReceive(look.Connection.Socket, _buffer.AsSpan(0, left), out int count);
            if (errno != 0 || count == 0)
            {
                Refuse(look, "the client has gone");
                return false;
            }

            left -= count;
        }

        if (step.Header is { IsLocal: false, Source: { } source, Destination: { } destination })
        {
            IPEndPoint client = new(AddressLabels.Plain(source.Address), source.Port);
            look.Connection.SetBehind(client, AddressLabels.Of(client, destination));
        }

        look.Stage = FirstBytesStage.Peek;
        return true;
    }

    private void GiveUpLate()
    {
        long now = Environment.TickCount64;
        while (_looks.First is { } first && first.Value.Due <= now)
        {
            GiveUp(first.Value, "it was too slow");
        }

        // All have the same time, so that the first is the next one that is due.
        _timer = _looks.First is { } next
            ? loop.After(TimeSpan.FromMilliseconds(next.Value.Due - now), GiveUpLate)
            : null;
    }

    private void GiveUp(Look look, string why) => Finish(look, _policy.GiveUp(look.Stage, why));

    private void Finish(Look look, FirstBytesStep step)
    {
        if (step is FirstBytesStep.Admit admission)
        {
            Remove(look);
            look.Connection.Add(admission.Labels);
            admit(look.Connection);
        }
        else
        {
            Refuse(look, ((FirstBytesStep.Refuse)step).Reason);
        }
    }

    private void Refuse(Look look, string why)
    {
        Remove(look);
        refuse(look.Connection, why);
    }

    // The watch goes before the socket does: whoever gets that shares the open file, which epoll watches.
    private void Remove(Look look)
    {
        look.Watch?.Dispose();
        _looks.Remove(look.Node!);
        if (_looks.Count == 0)
        {
            _empty?.SetResult();
            _empty = null;
        }
    }

    private sealed class Look(AcceptedConnection connection, FirstBytesStage stage, long due)
    {
        public AcceptedConnection Connection { get; } = connection;

        public FirstBytesStage Stage { get; set; } = stage;

        public long Due { get; } = due;

        /// <summary>Bytes that were looked at so far, each as often as it was.</summary>
        public long Work { get; set; }

        public EventLoop.Watch? Watch { get; set; }

        public LinkedListNode<Look>? Node { get; set; }
    }
}
