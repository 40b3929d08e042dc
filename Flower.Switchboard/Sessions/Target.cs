// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// A registered target and the offers that it has not answered. On the loop. Lives as long as its stream; owns the
/// sockets that wait for an accept.
/// </summary>
internal sealed class Target(TargetKind kind, Caller caller, LabelSet own, ITargetStream stream, TargetStart start)
    : ITarget
{
    private const uint MaxCredit = 65535;

    // What is on its way to one target is bounded, whatever it grants: descriptors that nobody reads count against the
    // whole board (ETOOMANYREFS, unix(7)).
    private const uint MaxUnseen = 1024;
    private const int MaxWithdrawals = 1024;
    private const int MaxReasonLength = 1024;

    private readonly Dictionary<ulong, Pending> _pending = [];
    private uint _credit = Math.Min(start.Credit, MaxUnseen);
    private ulong _lastId;
    private int _withdrawals;
    private bool _gone;

    public TargetKind Kind { get; } = kind;

    public bool IsFixedDestination { get; } = kind == TargetKind.Egress && start.FixedDestination;

    public Caller Caller { get; } = caller;

    public LabelSet Own { get; } = own;

    public LabelSet Attested { get; } = caller.AsServer;

    public LabelSet Indexed { get; } = own.Merge(caller.AsServer, out _);

    public uint OwnerUid => Caller.Credentials.Uid;

    public Party Party => new(Caller.Handle, LabelSide.In, Own);

    /// <summary>
    /// Offers a connection and waits for the answer. Takes the socket: it goes to this target, or is closed. A target
    /// without credit is sent the socket only when it has accepted.
    /// </summary>
    /// <exception cref="OperationCanceledException">The client has gone; the offer was withdrawn.</exception>
    public async Task<OfferOutcome> OfferAsync(
        IReadOnlyList<Label> labels, SafeHandle? socket, DeadlineQueue acceptDeadlines, CancellationToken client)
    {
        if (_gone)
        {
            socket?.Dispose();
            return new OfferOutcome.Gone();
        }

        ulong id = ++_lastId;
        bool unseen = socket is not null && _credit > 0;
        if (unseen)
        {
            _credit--;
        }

        var pending = new Pending(unseen ? null : socket);
        _pending.Add(id, pending);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(client);
        using IDisposable deadline = acceptDeadlines.Begin(patience.Cancel);
        try
        {
            await stream.OfferAsync(id, labels, unseen ? socket : null, patience.Token);
            pending.IsSent = true;
            using (patience.Token.UnsafeRegister(static state => ((Pending)state!).GiveUp(), pending))
            {
                await pending.Done;
            }
        }
        catch (OperationCanceledException)
        {
            // There was no credit until the patience ended, or the target's stream has ended.
        }

        if (pending.Outcome is OfferOutcome answered)
        {
            // Also where the answer and the end of the patience came together.
            return answered;
        }

        _pending.Remove(id);
        pending.Held?.Dispose();
        if (!patience.IsCancellationRequested)
        {
            // The write failed: the target's stream has ended, which its handler is about to notice.
            return new OfferOutcome.Gone();
        }

        if (pending.IsSent)
        {
            Withdraw(id);
        }
        else if (unseen)
        {
            // The target never heard of it, so it will not give the credit back.
            _credit = Math.Min(_credit + 1, MaxUnseen);
        }

        client.ThrowIfCancellationRequested();
        return new OfferOutcome.Silent();
    }

    /// <summary>Handles an answer. Takes its socket.</summary>
    /// <returns>Null, or what is wrong with it; the stream then ends with that.</returns>
    public string? OnAnswer(Answer answer)
    {
        if (answer.Credit > MaxCredit)
        {
            answer.Accept?.Socket?.Handle?.Dispose();
            return $"credit of more than {MaxCredit}";
        }

        _credit = Math.Min(_credit + answer.Credit, MaxUnseen);
        SafeHandle? socket = answer.Accept?.Socket?.Handle;
        if (answer.OutcomeCase == Answer.OutcomeOneofCase.None)
        {
            return answer.ConnectionId == 0 ? null : "an answer that neither accepts nor rejects";
        }

        if (Kind == TargetKind.Server && socket is not null)
        {
            socket.Dispose();
            return "a server that accepts with a socket of its own";
        }

        if (!_pending.Remove(answer.ConnectionId, out Pending? pending))
        {
            // Withdrawn meanwhile. A target that waits for a socket hears it again, since a withdrawal may not have been sent.
            socket?.Dispose();
            if (answer.Accept is not null)
            {
                Withdraw(answer.ConnectionId);
            }

            return null;
        }

        pending.Complete(Judge(answer, socket, pending));
        return null;
    }

    /// <summary>The stream has ended: nobody will answer.</summary>
    public void OnGone()
    {
        _gone = true;
        foreach (Pending pending in _pending.Values)
        {
            pending.Held?.Dispose();
            pending.Complete(new OfferOutcome.Gone());
        }

        _pending.Clear();
    }

    private OfferOutcome Judge(Answer answer, SafeHandle? socket, Pending pending)
    {
        if (answer.Reject is Reject reject)
        {
            pending.Held?.Dispose();
            string reason = reject.Reason.Length <= MaxReasonLength ? reject.Reason : reject.Reason[..MaxReasonLength] + "…";
            return new OfferOutcome.Rejected(LabelRules.Printable(reason));
        }

        if (Kind == TargetKind.Egress && (socket is null || !UnixSocket.IsStreamSocket(socket)))
        {
            socket?.Dispose();
            return new OfferOutcome.Rejected("the egress accepted without a connected stream socket");
        }

        if (pending.Held is SafeHandle held)
        {
            // Before anything else that this target is told, so that a half-close behind the answer finds it sent.
            Forget(stream.DeliverAsync(answer.ConnectionId, held));
        }

        return new OfferOutcome.Accepted(socket);
    }

    // A target that does not read hears of so many only; it learns of the others when it answers them.
    private async void Withdraw(ulong id)
    {
        if (_gone || _withdrawals >= MaxWithdrawals)
        {
            return;
        }

        _withdrawals++;
        try
        {
            await stream.WithdrawAsync(id);
        }
        catch (OperationCanceledException)
        {
            // The stream has ended.
        }
        finally
        {
            _withdrawals--;
        }
    }

    // A write to a target's stream ends with the stream at the latest, and what it carries is closed there.
    private static void Forget(Task write) =>
        write.ContinueWith(
            static t => _ = t.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);

    private sealed class Pending(SafeHandle? held)
    {
        // Awaited as it is: Task.WaitAsync would take every answer to the thread pool and back.
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>The socket that is sent on accept.</summary>
        public SafeHandle? Held { get; } = held;

        /// <summary>The target was told of it.</summary>
        public bool IsSent { get; set; }

        /// <summary>The answer, if there was one.</summary>
        public OfferOutcome? Outcome { get; private set; }

        /// <summary>Ends with the answer, or when nobody waits for it any longer. Never faults.</summary>
        public Task Done => _done.Task;

        public void Complete(OfferOutcome outcome)
        {
            Outcome = outcome;
            _done.TrySetResult();
        }

        /// <summary>For any thread.</summary>
        public void GiveUp() => _done.TrySetResult();
    }
}
