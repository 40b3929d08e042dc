// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions.Live;
using Flower.Switchboard.Sessions.Resolving;
using Google.Protobuf;

namespace Flower.Switchboard.Sessions;

/// <summary>
/// A registered target and the offers that it has not answered. On the loop. Lives as long as its stream; owns the
/// sockets that wait for an accept.
/// </summary>
/// <param name="kind">A server, an egress or a resolver.</param>
/// <param name="caller">Who registered it.</param>
/// <param name="own">Its labels and those of its handle.</param>
/// <param name="stream">Where it is told.</param>
/// <param name="start">What it registered with.</param>
/// <param name="attested">What was attested of it when it registered, if another process did that; null: now.</param>
internal sealed partial class Target(
    TargetKind kind, Caller caller, LabelSet own, ITargetStream stream, TargetStart start, LabelSet? attested = null)
    : ITarget
{
    private const uint MaxCredit = 65535;

    // What is on its way to one target is bounded, whatever it grants: descriptors that nobody reads count against the
    // whole board (ETOOMANYREFS, unix(7)).
    private const uint MaxUnseen = 1024;
    private const int MaxReasonLength = 1024;
    private const uint DefaultStartTimeoutMs = 60_000;
    private const uint MaxStartTimeoutMs = 3_600_000;

    // As bytes, which are little, for who goes on with it: see Save.
    private readonly byte[] _start = start.ToByteArray();

    // Mostly there are none.
    private Dictionary<ulong, PendingOffer>? _offers;
    private uint _credit = Math.Min(start.Credit, MaxUnseen);
    private ulong _lastId;
    private ulong _taken;
    private Withdrawals? _withdrawals;
    private bool _gone;

    public TargetKind Kind { get; } = kind;

    public bool IsFixedDestination { get; } = kind == TargetKind.Egress && start.FixedDestination;

    /// <summary>It starts servers, and takes no connection itself.</summary>
    public bool IsActivator { get; } = kind == TargetKind.Server && start.Activator;

    /// <summary>How long who waits for such a server does so.</summary>
    public TimeSpan StartTimeout { get; } =
        TimeSpan.FromMilliseconds(start.StartTimeoutMs == 0 ? DefaultStartTimeoutMs : start.StartTimeoutMs);

    public Caller Caller { get; } = caller;

    public LabelSet Own { get; } = own;

    public LabelSet Attested { get; } = attested ?? caller.AsServer;

    public LabelSet Indexed { get; } = own.Merge(attested ?? caller.AsServer, out _);

    public uint OwnerUid => Caller.Credentials.Uid;

    /// <summary>How much it takes, and whether it does.</summary>
    public TargetCondition Condition { get; } = new(start.State);

    public uint Weight => Condition.Weight;

    public bool IsDraining => Condition.IsDraining;

    public bool IsSuspect => Condition.IsSuspect;

    public long Load => Condition.Load + OfferCount;

    /// <summary>Of an activator: who waits for what it starts. Set when it is registered.</summary>
    public Activation? Activation { get; set; }

    /// <summary>How many connections it has taken, or was offered and has not answered.</summary>
    public ulong Given => _taken + (ulong)OfferCount;

    bool ITarget.IsDraining => IsDraining || IsActivator;

    public Party Party => new(Caller.Handle, LabelSide.In, Own);

    /// <summary>Its side of its connections.</summary>
    public LiveSide Side => field ??= LiveSide.Of(Caller, Own, Attested);

    /// <summary>Its place in the order of registration; set when it is registered.</summary>
    public long Registration { get; set; }

    /// <summary>Of a resolver: what it is asked.</summary>
    public Resolver? Resolver { get; init; }

    /// <summary>It was told that it is registered.</summary>
    public bool IsAnnounced { get; init; }

    /// <summary>What it is offered, it hears at once: see <see cref="Offer"/>.</summary>
    public bool CanBeOffered => !_gone && stream.CanOffer;

    private int OfferCount => _offers?.Count ?? 0;

    private IReadOnlyCollection<PendingOffer> Offers => _offers?.Values ?? (IReadOnlyCollection<PendingOffer>)[];

    /// <summary>What is wrong with a registration, whatever its labels; null: nothing.</summary>
    public static string? Check(TargetKind kind, TargetStart start) =>
        start.StartTimeoutMs > MaxStartTimeoutMs || (start.StartTimeoutMs > 0 && !start.Activator)
            ? $"start_timeout_ms is for an activator, at most {MaxStartTimeoutMs}"
            : start.Activator && (kind != TargetKind.Server || start.Credit > 0)
                ? "an activator is a server without credit"
                : TargetCondition.Check(start.State);

    /// <summary>The other one was registered over a handle that was made from this activator's.</summary>
    public bool Starts(ITarget other)
    {
        if (!IsActivator || other is not Target { IsActivator: false } target)
        {
            return false;
        }

        HandleNode? node = target.Caller.Node.Parent;
        while (node is not null && node != Caller.Node)
        {
            node = node.Parent;
        }

        return node is not null;
    }

    /// <summary>Tells it that it is registered, once, whatever process does so.</summary>
    public Task AnnounceAsync(IReadOnlyList<Label> labels) =>
        IsAnnounced ? Task.CompletedTask : stream.StartedAsync(labels);

    /// <summary>
    /// Begins an offer, which <see cref="OfferAsync"/> makes. Takes the socket: it goes to this target, or is closed, or
    /// taken back by who waits for the answer. A target without credit, or that does not read what it was sent, is sent the
    /// socket only when it has accepted.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="unsent">It is not sent before, whatever the credit: if this target does not take it, another may.</param>
    /// <param name="waiter">Told of the answer, where <see cref="Offer"/> makes the offer; null: OfferAsync does.</param>
    public PendingOffer Prepare(SafeHandle? socket, bool unsent = false, IOfferWaiter? waiter = null)
    {
        bool unseen = socket is not null && _credit > 0 && !unsent && !_gone && Caller.Node.CanBeSent(OwnerUid);
        var offer = new PendingOffer(this, ++_lastId, unseen ? null : socket, waiter) { Unseen = unseen ? socket : null };
        if (_gone)
        {
            offer.Complete(new OfferOutcome.Gone());
            return offer;
        }

        if (unseen)
        {
            _credit--;
        }

        (_offers ??= []).Add(offer.Id, offer);
        Condition.OnOffered();
        return offer;
    }

    /// <summary>An offer that has not been answered; null: there is none with that id.</summary>
    public PendingOffer? FindOffer(ulong id) => _offers?.GetValueOrDefault(id);

    /// <summary>
    /// Makes an offer, of whose answer its waiter is told. Who waits no longer says so by <see cref="GiveUp"/>. Only where
    /// <see cref="CanBeOffered"/> says so.
    /// </summary>
    /// <param name="offer">From <see cref="Prepare"/>.</param>
    /// <param name="labels">The labels of the connection.</param>
    public void Offer(PendingOffer offer, EncodedLabels labels)
    {
        stream.Offer(offer.Id, labels, offer.Unseen, offer.TraceParent);
        offer.IsSent = true;
    }

    /// <summary>Nobody waits any longer for the answer to an offer that has not been answered.</summary>
    /// <param name="offer">The offer.</param>
    /// <param name="missed">The target let the accept deadline pass.</param>
    /// <param name="acceptDeadlines">How long it then rests at least.</param>
    public void GiveUp(PendingOffer offer, bool missed, DeadlineQueue acceptDeadlines)
    {
        _offers?.Remove(offer.Id);
        offer.LetGo();
        if (offer.IsSent)
        {
            Withdraw(offer.Id);
        }
        else if (offer.Unseen is not null)
        {
            // The target never heard of it, so it will not give the credit back.
            _credit = Math.Min(_credit + 1, MaxUnseen);
        }

        Condition.OnSilent(missed, acceptDeadlines);
    }

    /// <summary>Makes an offer and waits for the answer.</summary>
    /// <param name="offer">From <see cref="Prepare"/>, or one that another process made.</param>
    /// <param name="labels">The labels of the connection; null: the target was told.</param>
    /// <param name="acceptDeadlines">How long the target has.</param>
    /// <param name="client">Cancelled when the client has gone.</param>
    /// <exception cref="OperationCanceledException">The client has gone; the offer was withdrawn.</exception>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<OfferOutcome> OfferAsync(
        PendingOffer offer, EncodedLabels? labels, DeadlineQueue acceptDeadlines, CancellationToken client)
    {
        if (offer.Outcome is OfferOutcome early)
        {
            return early;
        }

        using IDisposable deadline = acceptDeadlines.Begin(offer.GiveUp);
        using CancellationTokenRegistration gone =
            client.UnsafeRegister(static state => ((PendingOffer)state!).GiveUp(), offer);
        try
        {
            if (labels is not null)
            {
                await stream.OfferAsync(offer.Id, labels, offer.Unseen, offer.TraceParent, offer.Patience);
            }

            offer.IsSent = true;
            await offer.Done;
        }
        catch (OperationCanceledException)
        {
            // There was no credit until the patience ended, or the target's stream has ended.
        }

        if (offer.Outcome is OfferOutcome answered)
        {
            // Also where the answer and the end of the patience came together.
            return answered;
        }

        if (!offer.Patience.IsCancellationRequested)
        {
            // The write failed: the target's stream has ended, which its handler is about to notice.
            _offers?.Remove(offer.Id);
            offer.LetGo();
            return new OfferOutcome.Gone();
        }

        GiveUp(offer, missed: !client.IsCancellationRequested, acceptDeadlines);
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

        if (IsActivator && answer.Accept is not null)
        {
            socket?.Dispose();
            return "an activator that accepts: it only rejects, when it cannot start a server";
        }

        if (Kind == TargetKind.Server && socket is not null)
        {
            socket.Dispose();
            return "a server that accepts with a socket of its own";
        }

        if (_offers is null || !_offers.Remove(answer.ConnectionId, out PendingOffer? offer))
        {
            // Withdrawn meanwhile. A target that waits for a socket hears it again, since a withdrawal may not have been sent.
            socket?.Dispose();
            if (answer.Accept is not null)
            {
                Condition.OnAnswered(accepted: false);
                Withdraw(answer.ConnectionId);
            }

            return null;
        }

        OfferOutcome outcome = Judge(answer, socket, offer);
        if (outcome is not OfferOutcome.Accepted)
        {
            offer.LetGo();
        }

        _taken += outcome is OfferOutcome.Accepted ? 1u : 0u;
        Condition.OnAnswered(outcome is OfferOutcome.Accepted);
        offer.Complete(outcome);
        return null;
    }

    /// <summary>Handles what it says of itself.</summary>
    /// <returns>Null, or what is wrong with it; the stream then ends with that.</returns>
    public string? OnUpdate(TargetUpdate update)
    {
        string? wrong = TargetCondition.Check(update);
        if (wrong is null)
        {
            Condition.Say(update);
        }

        return wrong;
    }

    /// <summary>The stream has ended: nobody will answer.</summary>
    public void OnGone()
    {
        _gone = true;
        Condition.Stop();
        Condition.Unwatch();
        IReadOnlyCollection<PendingOffer> unanswered = Offers;
        _offers = null;
        foreach (PendingOffer offer in unanswered)
        {
            offer.LetGo();
            offer.Complete(new OfferOutcome.Gone());
        }

        Resolver?.OnGone();
    }

    private OfferOutcome Judge(Answer answer, SafeHandle? socket, PendingOffer offer)
    {
        if (answer.Reject is Reject reject)
        {
            string reason = reject.Reason.Length <= MaxReasonLength ? reject.Reason : reject.Reason[..MaxReasonLength] + "…";
            return new OfferOutcome.Rejected(LabelRules.Printable(reason), reject.Overloaded);
        }

        if (Kind == TargetKind.Egress && (socket is null || ConnectedSocket.WhatElse(socket) is not null))
        {
            socket?.Dispose();
            return new OfferOutcome.Rejected("the egress accepted without a connected stream socket");
        }

        if (offer.Held is SafeHandle held)
        {
            // Before anything else that this target is told, so that a half-close behind the answer finds it sent.
            Forget(stream.DeliverAsync(answer.ConnectionId, held));
        }

        return new OfferOutcome.Accepted(socket);
    }

    // It learns of those that are not told when it answers them.
    private void Withdraw(ulong id)
    {
        if (!_gone)
        {
            (_withdrawals ??= new(stream.WithdrawAsync)).Send(id);
        }
    }

    // A write to a target's stream ends with the stream at the latest, and what it carries is closed there.
    private static void Forget(Task write) =>
        write.ContinueWith(
            static t => _ = t.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
}
