// SPDX-License-Identifier: BSD-2-Clause
using System.Runtime.InteropServices;
using Flower.Protocol;
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.Transport;
using Flower.Switchboard.Grants;
using Flower.Switchboard.Quotas;
using Flower.Switchboard.Routing;
using Flower.Switchboard.Sessions;
using Grpc.Core;
using Microsoft.Extensions.Logging.Abstractions;
using Handle = Flower.Switchboard.Routing.Handle;
using Status = Grpc.Core.Status;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Tests.Laws;

/// <summary>A board without sockets, and beside it the simplest model of its handles: who was made from whom.</summary>
internal sealed class HandleWorld : IDisposable
{
    // Nothing waits in this world, so nothing runs on it.
    private static readonly EventLoop Idle = new("laws", null);
    private static readonly uint Overseer = Mono.Unix.Native.Syscall.geteuid();

    private readonly Board _board = new(
        NullLogger.Instance, new DeadlineQueue(Idle, TimeSpan.FromHours(1)), new RevocableConnections(Idle))
    {
        QuestionDeadlines = new DeadlineQueue(Idle, TimeSpan.FromHours(1)),
        AttemptDelays = new DeadlineQueue(Idle, TimeSpan.FromHours(1)),
    };

    private readonly PublicDoor _door;
    private readonly List<Holder> _holders = [];

    public HandleWorld()
    {
        _door = new PublicDoor(_board.Handles, NullLogger.Instance);
        _board.Handles.Quotas.Use(QuotaLimits.None, QuotaLimits.None);
        Handle all = Handle.CreateRoot(Rights.All, LabelSet.Empty, LabelSet.Empty);
        _door.Use(
            new GrantTable([new Grant("grants[0]", [new Who.User(1000, ""), new Who.User(1001, "")], all)], Overseer), "");
    }

    /// <summary>The law that does not hold; null: all do.</summary>
    public string? Broken { get; private set; }

    public void Step(int what, int who, int whom, LabelSet inLabels, LabelSet outLabels)
    {
        if (_holders.Count == 0 || Modulo(what, 8) == 0)
        {
            Connect((uint)(1000 + Modulo(who, 2)));
            return;
        }

        Holder holder = _holders[Modulo(who, _holders.Count)];
        try
        {
            switch (Modulo(what, 8))
            {
                case 1 or 2 when holder.IsLive:
                    Constrain(holder, (Rights)Modulo(whom, 64), inLabels, outLabels);
                    break;
                case 3:
                    Open(holder);
                    break;
                case 4 when holder.IsLive:
                    Register(holder, inLabels);
                    break;
                case 5 when holder.IsLive:
                    Reach(holder, outLabels);
                    break;
                case 6 when holder.IsLive:
                    holder.Close();
                    break;
                case 7:
                    Revoke(holder, _holders[Modulo(whom, _holders.Count)]);
                    break;
                default:
                    break;
            }
        }
        catch (RpcException)
        {
            // Refused, which widens nothing.
        }

        CheckAll();
    }

    public void Dispose() => _board.Connections.Dispose();

    private static int Modulo(int number, int by) => (int)((uint)number % (uint)by);

    private void Connect(uint uid)
    {
        var maker = new Credentials { Pid = _holders.Count + 1, Uid = uid };
        Add(new Holder(new Caller(_door.Open(new SocketPeer(maker, [])), maker), null));
    }

    private void Constrain(Holder from, Rights rights, LabelSet inLabels, LabelSet outLabels)
    {
        HandleNode node = _board.Constrain(from.Caller, new ConstrainRequest
        {
            Rights = { rights.ToMessage() },
            InLabels = inLabels.ToMessage(),
            OutLabels = outLabels.ToMessage(),
        });
        Add(new Holder(new Caller(node, new Credentials { Pid = _holders.Count + 1, Uid = 5 }), from));
    }

    private void Add(Holder holder)
    {
        _holders.Add(holder);
        Open(holder);
    }

    private void Open(Holder holder)
    {
        // A session is opened over one that is there.
        if (!holder.IsLive && holder.WasOpened && !holder.IsRevoked)
        {
            return;
        }

        bool refused = holder.Open() is not null;
        Check(refused == holder.IsRevoked, "a revoked handle admits nobody, and every other one does");
    }

    private void Register(Holder holder, LabelSet labels)
    {
        SwitchboardService.Require(holder.Caller, Rights.ServerStart);
        LabelSet own = Stating.InLabels(holder.Caller.Handle, labels);
        var target = new Target(TargetKind.Server, holder.Caller, own, new Deaf(), new TargetStart());
        _board.Register(target);
        holder.Targets++;
        foreach (Holder above in holder.AncestorsAndSelf)
        {
            Check(above.Caller.Handle.Rights.HasFlag(Rights.ServerStart), "a right that an ancestor lacks");
            Check(Includes(own, above.Caller.Handle.InLabels), "a target without a label of an ancestor");
        }
    }

    private void Reach(Holder holder, LabelSet labels)
    {
        SwitchboardService.Require(holder.Caller, Rights.ClientConnect);
        Request wish = Request.Create(holder.Caller, labels.ToMessage(), relatedOnly: false, revocable: false);
        Target target = _board.FindAsync(wish, 0, wait: false, CancellationToken.None).AsTask().GetAwaiter().GetResult();
        Holder server = _holders.Single(other => ReferenceEquals(other.Caller, target.Caller));
        Check(!server.IsRevoked, "a target of a revoked handle answers");
        foreach (Holder above in holder.AncestorsAndSelf)
        {
            LabelSet pinned = above.Caller.Handle.OutLabels;
            Check(above.Caller.Handle.Rights.HasFlag(Rights.ClientConnect), "a right that an ancestor lacks");
            Check(pinned.ContradictionsWith(target.Own).Count == 0, "reached what contradicts an ancestor");
            Check(pinned.RequiredKeys.All(target.Own.States), "reached what does not state a key that an ancestor requires");
        }
    }

    private void Revoke(Holder by, Holder victim)
    {
        bool allowed = victim.IsInTree && MaySee(by, victim) && by != victim;
        int below = _holders.Count(h => h.IsInTree && h.AncestorsAndSelf.Contains(victim));
        try
        {
            RevokeResponse ended = _board.Revoke(by.Caller, new RevokeRequest { HandleId = victim.Id });
            Check(allowed, "revoked what it may not revoke");
            Check(ended.Handles == below, "how many handles ended");
        }
        catch (RpcException e)
        {
            Check(!allowed, "could not revoke what it may");
            Check(
                e.StatusCode == (by == victim && by.Parent is null && by.IsInTree
                    ? StatusCode.FailedPrecondition
                    : StatusCode.NotFound),
                "a refusal that tells more than it should");
            return;
        }

        foreach (Holder holder in _holders.Where(h => h.AncestorsAndSelf.Contains(victim)))
        {
            holder.IsRevoked = true;
            holder.Targets = 0;
            Check(!holder.IsLive, "a session over a revoked handle is open");
        }
    }

    private void CheckAll()
    {
        Check(_board.TargetCount == _holders.Sum(holder => holder.Targets), "the targets");
        Check(
            _holders.Where(holder => holder.IsInTree).Select(holder => holder.Id).Order()
                .SequenceEqual(_board.Handles.Nodes.Select(node => node.Handle.Id).Order()),
            "the live handles");
        foreach (Holder viewer in _holders.Where(holder => holder.IsLive))
        {
            var seen = new List<LiveHandle>();
            Walk.HandlesAsync(_board, viewer.Caller, new WalkCursor(), slice =>
            {
                seen.AddRange(slice.Handles);
                return Task.CompletedTask;
            }, CancellationToken.None).GetAwaiter().GetResult();
            IEnumerable<ulong> expected =
                _holders.Where(h => h.IsInTree && MaySee(viewer, h)).Select(h => h.Id).Order();
            Check(seen.Select(handle => handle.Id).SequenceEqual(expected), "what is seen of the handles");
        }
    }

    private static bool MaySee(Holder viewer, Holder other) => viewer.Parent is not null
        ? other != viewer && other.AncestorsAndSelf.Contains(viewer)
        : viewer.Uid is 0 || viewer.Uid == Overseer || viewer.Uid == other.AncestorsAndSelf.Last().Uid;

    private static bool Includes(LabelSet larger, LabelSet smaller) =>
        smaller.Labels.All(l => larger[l.Key] == l.Value) && smaller.RequiredKeys.All(larger.Requires);

    private void Check(bool holds, string law)
    {
        if (!holds)
        {
            Broken ??= law;
        }
    }

    /// <summary>A handle as the model has it.</summary>
    private sealed class Holder(Caller caller, Holder? parent)
    {
        private readonly List<Session> _sessions = [];

        public Caller Caller { get; } = caller;

        public Holder? Parent { get; } = parent;

        public List<Holder> Children { get; } = [];

        public ulong Id => Caller.Handle.Id;

        public uint Uid => Caller.Credentials.Uid;

        public int Targets { get; set; }

        public bool IsRevoked { get; set; }

        public bool WasOpened { get; private set; }

        public bool IsLive => _sessions.Exists(session => !session.IsStopped);

        public bool IsInTree => !IsRevoked && (IsLive || Children.Exists(child => child.IsInTree));

        public IEnumerable<Holder> AncestorsAndSelf
        {
            get
            {
                for (Holder? at = this; at is not null; at = at.Parent)
                {
                    yield return at;
                }
            }
        }

        public Status? Open()
        {
            if (!WasOpened)
            {
                WasOpened = true;
                Parent?.Children.Add(this);
            }

            var session = new Session(Caller);
            _sessions.Add(session);
            Status? refusal = Caller.Node.Admit(session);
            if (refusal is Status status)
            {
                session.Stop(status.StatusCode, status.Detail);
            }

            return refusal;
        }

        // The targets of this world belong to no session in particular, so the last one stays while there are any.
        public void Close()
        {
            if (Targets == 0 || _sessions.Count(session => !session.IsStopped) > 1)
            {
                _sessions.Find(session => !session.IsStopped)!.Stop(StatusCode.OK, "closed");
            }
        }
    }

    private sealed class Session(Caller caller) : ISession
    {
        public Credentials? Owner => caller.Credentials;

        public Descriptor? ProcessDescriptor => null;

        public bool IsStopped { get; private set; }

        public bool HasEnded => IsStopped;

        public void Rest()
        {
            // Nothing is read here.
        }

        public void Stop(StatusCode code, string reason)
        {
            if (!IsStopped)
            {
                IsStopped = true;
                caller.Node.Leave(this);
            }
        }
    }

    /// <summary>The stream of a target that nobody is connected to.</summary>
    private sealed class Deaf : ITargetStream
    {
        public bool CanOffer => true;

        public Task StartedAsync(IReadOnlyList<Label> labels) => Task.CompletedTask;

        public Task OfferAsync(
            ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent, CancellationToken cancellationToken) =>
            Task.CompletedTask;

        public void Offer(ulong id, EncodedLabels labels, SafeHandle? socket, string? traceParent)
        {
        }

        public Task DeliverAsync(ulong id, SafeHandle socket) => Task.CompletedTask;

        public Task WithdrawAsync(ulong id) => Task.CompletedTask;
    }
}
