// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Rpc.Interop;
using Flower.Rpc.Transport;
using Flower.Switchboard.Quotas;
using Mono.Unix.Native;
using Target = Flower.Switchboard.Sessions.Target;

namespace Flower.Fuzz.Simulation;

/// <summary>
/// A switchboard and the processes around it, on one thread and with a clock of its own: what is done next, in which order
/// the board takes notice, when time passes, and which calls the kernel refuses, is all chosen. Its sockets are the kernel's.
/// After each step what the board has said is looked at, and at the end whether anything is left.
/// </summary>
internal sealed partial class World : IDisposable
{
    private const int MaxPeers = 8;

    private readonly Choices _choices;
    private readonly EventLoop _loop;
    private readonly FaultLog _log = new();
    private readonly ChosenFaults? _faults;
    private readonly int _names;
    private readonly bool _hasNames;
    private readonly bool _hasTaps;
    private readonly bool _hasActivators;
    private readonly bool _hasRevocations;
    private readonly bool _hasWatchers;
    private readonly bool _hasOutlaws;
    private readonly List<Peer> _peers = [];
    private readonly List<RegisteredCall> _registered = [];
    private readonly List<Descriptor> _outside = [];
    private BoardUnderTest _board;
    private int _peersMade;
    private int _told;

    /// <summary>An empty one.</summary>
    /// <param name="choices">Decide.</param>
    /// <param name="hasFaults">The kernel refuses calls of the board now and then.</param>
    /// <param name="hasQuotas">Handles may use little.</param>
    public World(Choices choices, bool hasFaults, bool hasQuotas)
    {
        _choices = choices;
        _faults = hasFaults ? new ChosenFaults(choices) : null;
        _loop = new EventLoop(() => Now, _log.Fault);
        HasQuotas = hasQuotas;
        _names = 1 + choices.Next(3);
        _hasNames = choices.OneIn(2);
        _hasTaps = choices.OneIn(2);
        _hasActivators = choices.OneIn(2);
        _hasRevocations = choices.OneIn(2);
        _hasWatchers = choices.OneIn(4);
        _hasOutlaws = choices.OneIn(3);
        QuotaLimits perHandle = hasQuotas
            ? QuotaLimits.PerHandle.With(QuotaKind.Targets, 2).With(QuotaKind.PendingCalls, 2).With(QuotaKind.Sessions, 2)
            : QuotaLimits.PerHandle;
        _board = new BoardUnderTest(_loop, _log, perHandle);
    }

    /// <summary>Told what is said and done, for people; null: nobody wants to know.</summary>
    public static Action<string>? Trace { get; set; }

    /// <summary>Milliseconds of the clock of this world.</summary>
    public long Now { get; private set; } = 1_000_000;

    /// <summary>Handles may use little here, so that a new session may be one too many.</summary>
    public bool HasQuotas { get; }

    /// <summary>How often everything had come to rest: nothing waits to be read, by anybody.</summary>
    public long Calms { get; private set; }

    public ConnectionBook Connections { get; } = new();

    private HistoryTally Tally => new(
        Connections.Made, _namedConnects, Connections.Tapped, _startedOffers,
        _peers.Select(peer => peer.Handle).Distinct().Count(handle => handle.IsRevoked), _takeOvers);

    /// <summary>The tags of targets that had gone when everything came to rest last.</summary>
    public HashSet<string> GoneTags { get; } = new(StringComparer.Ordinal);

    /// <summary>Plays a history to its end.</summary>
    /// <returns>What happened, and a number for all that the processes were told.</returns>
    /// <exception cref="BrokenException">Something that always holds did not.</exception>
    public static (HistoryTally Tally, int Told) Play(Choices choices)
    {
        int before = CountDescriptors();
        (HistoryTally, int) result;
        string about;
        using (var world = new World(choices, hasFaults: choices.OneIn(2), hasQuotas: choices.OneIn(4)))
        {
            while (choices.MoveNext())
            {
                world.Step();
                world.CheckStep();
            }

            world.Settle();
            world.End();
            result = (world.Tally, world._told);
            about = $"{world._faults?.Count ?? 0} faults, {world._takeOvers} take-overs";
        }

        CheckDescriptors(before, about);
        return result;
    }

    /// <summary>Plays packets of processes that keep to no rule.</summary>
    /// <param name="packets">Each with the number of the process, and of the descriptors that go with it.</param>
    /// <exception cref="BrokenException">Something that always holds did not.</exception>
    public static void Play(IEnumerable<(int Process, int Descriptors, byte[] Bytes)> packets)
    {
        int before = CountDescriptors();
        using (var world = new World(new WrittenChoices(default), hasFaults: false, hasQuotas: false))
        {
            foreach ((int process, int descriptors, byte[] bytes) in packets)
            {
                world.Throw(process, descriptors, bytes);
            }

            world.End();
        }

        CheckDescriptors(before, "packets");
    }

    /// <summary>Another process, which speaks over a socket that leads to the board.</summary>
    public void Add(Descriptor socket, KnownHandle handle, string? mayEnd, bool isOpening = false) =>
        _peers.Add(new Peer(this, ++_peersMade, socket, handle, isOpening) { MayEnd = mayEnd });

    /// <summary>A process was told something.</summary>
    public void OnTold(Peer peer, Protocol.V1.Frame frame)
    {
        Trace?.Invoke($"{Now} peer {peer.Id} is told {frame}");
        // Events have the time of day.
        if (peer.Calls.GetValueOrDefault(frame.CallId) is not WatchCall)
        {
            _told = HashCode.Combine(_told, peer.Id, frame);
        }
    }

    public void Dispose()
    {
        foreach (Peer peer in _peers)
        {
            peer.Dispose();
        }

        foreach (Descriptor descriptor in _outside)
        {
            descriptor.Dispose();
        }

        _loop.Post(_ => _board.Dispose(), null);
        for (int i = 0; i < 100 && _loop.Turn(static events => events.Length); i++)
        {
        }

        _loop.Dispose();
    }

    // Files come and go with the runtime's own needs, and nobody hands them over here.
    private static int CountDescriptors() => Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(entry =>
        Syscall.fstat(int.Parse(Path.GetFileName(entry), CultureInfo.InvariantCulture), out Stat stat) == 0
        && (stat.st_mode & FilePermissions.S_IFMT) is not (
            FilePermissions.S_IFREG or FilePermissions.S_IFDIR or FilePermissions.S_IFCHR));

    // Other threads of the process may have opened something meanwhile, and closed it soon after.
    private static void CheckDescriptors(int before, string about)
    {
        int left = 0;
        bool isBalanced = SpinWait.SpinUntil(() => (left = CountDescriptors() - before) <= 0, millisecondsTimeout: 2000);
        BrokenException.Unless(isBalanced, $"{left} descriptors are left open ({about})");
    }

    private bool TurnCalmly() => Turn(static events => events.Length);

    private void TurnAnyhow()
    {
        KernelFaults.OfThread = _faults;
        try
        {
            Turn(events =>
            {
                _choices.Shuffle(events);
                return _choices.OneIn(3) ? _choices.Next(events.Length + 1) : events.Length;
            });
        }
        finally
        {
            KernelFaults.OfThread = null;
        }
    }

    private bool Turn(EventLoop.Chooser chooser)
    {
        bool isBusy = _loop.Turn(chooser);
        BrokenException.Unless(_log.First is null, $"the board has logged an error: {_log.First}");
        return isBusy;
    }

    // The board does all that it can do at the moment. False: there was nothing.
    private bool Drain()
    {
        const int Many = 10_000;
        int turns = 0;
        while (TurnCalmly())
        {
            BrokenException.Unless(++turns < Many, "the board does not come to rest");
        }

        _board.Remember();
        return turns > 0;
    }

    // And all others have read what there is.
    private void Calm()
    {
        bool isRead;
        do
        {
            Drain();
            // Who was refused is read later, and what the kernel refused is tried again.
            do
            {
                Pass(60);
            }
            while (Drain());

            isRead = false;
            foreach (Peer peer in _peers.Where(p => !p.IsDead).ToArray())
            {
                while (!peer.IsDead && peer.Read())
                {
                    isRead = true;
                }

                foreach (PeerCall call in peer.Calls.Values)
                {
                    call.Grant();
                }
            }
        }
        while (isRead);
        Calms++;
        OnCalm();
    }

    private List<Target> Listed()
    {
        var all = new List<Target>();
        long at = 0;
        _board.Board.List(Protocol.LabelSet.Empty, int.MaxValue, all, ref at);
        return all;
    }

    private void Pass(long milliseconds)
    {
        Now += milliseconds;
        foreach (Peer peer in _peers.Where(p => Now - p.ReadAt >= 10_000))
        {
            peer.MayEnd ??= "it has had something to read for 10 seconds";
        }
    }
}
