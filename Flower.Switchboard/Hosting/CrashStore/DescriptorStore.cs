// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.Server;
using Flower.Rpc.State;
using Flower.Rpc.Transport;
using Flower.Switchboard.Sessions;
using Flower.Switchboard.State;
using Microsoft.Extensions.Logging;

namespace Flower.Switchboard.Hosting.CrashStore;

/// <summary>
/// Keeps sessions in the service manager's descriptor store (FDSTORE=1, sd_notify(3)): their sockets by name, and what is
/// known of them in a journal. On the loop. Owns the journal.
/// </summary>
internal sealed class DescriptorStore(NotifySocket manager, EventLoop loop, ILogger logger) : ISessionStore, IDisposable
{
    // A journal is written anew when it is mostly history.
    private const int MinRecords = 4096;
    private const long MinBytes = 1024 * 1024;

    // What waits while the manager does not read. Each holds a descriptor.
    private const int MaxUnsent = 1024;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<ulong, Kept> _kept = [];
    private readonly Queue<(string State, Descriptor? Descriptor)> _unsent = new();
    private readonly List<(string Name, Descriptor Socket)> _early = [];
    private Journal? _journal;
    private int _fresh;
    private long _freshBytes;
    private bool _isDisposed;
    private ulong _generation;
    private ulong _lastNumber;

    /// <summary>
    /// Begins to keep, with what was added before. Until then everything is only collected.
    /// </summary>
    /// <param name="generation">Above that of every journal that is in the store.</param>
    /// <param name="doors">Kept too, so that who connects meanwhile waits in their queues.</param>
    public void Begin(ulong generation, IReadOnlyList<(string Name, Descriptor Socket)> doors)
    {
        _generation = generation;
        foreach ((string name, Descriptor socket) in doors)
        {
            Store(name, socket);
        }

        foreach ((string name, Descriptor socket) in _early)
        {
            using (socket)
            {
                Store(name, socket);
            }
        }

        _early.Clear();
        WriteAnew();
    }

    /// <summary>Numbers up to this one are in the store, or were: before anything is added.</summary>
    public void Reserve(ulong lastNumber) => _lastNumber = Math.Max(_lastNumber, lastNumber);

    /// <summary>The generation of the journal.</summary>
    public ulong Generation => _generation;

    /// <summary>The number of the session that was kept last.</summary>
    public ulong LastNumber => _lastNumber;

    public ulong Add(Descriptor socket, ISessionAuthority authority, bool isShared)
    {
        ulong number = ++_lastNumber;
        AddAgain(number, authority, isShared);
        if (_journal is null)
        {
            _early.Add((StoreNames.Session(number), socket.Duplicate()));
        }
        else
        {
            Store(StoreNames.Session(number), socket);
        }

        return number;
    }

    public void AddAgain(ulong number, ISessionAuthority authority, bool isShared)
    {
        var kept = new Kept((HandleNode)authority, isShared);
        _kept.Add(number, kept);
        if (_journal is not null)
        {
            WriteSession(_journal, number, kept);
        }
    }

    public void SetOwner(ulong number, Credentials owner, bool understandsRestarted)
    {
        var record = new KeptOwner
        {
            Number = number,
            Owner = new OwnerState { Pid = owner.Pid, Uid = owner.Uid, Gid = owner.Gid },
            UnderstandsRestarted = understandsRestarted,
        };
        _kept[number].Owner = record;
        _journal?.Write(new JournalRecord { Owner = record });
    }

    /// <inheritdoc/>
    /// <remarks>A call that is kept anew again and again is written a little later: see <see cref="CallRecord"/>.</remarks>
    public void AddCall(ulong number, CallState call)
    {
        Dictionary<uint, CallRecord> calls = _kept[number].Calls;
        if (!calls.TryGetValue(call.CallId, out CallRecord? record))
        {
            calls.Add(call.CallId, record = new CallRecord(call));
        }
        else if (!record.Renew(call))
        {
            return;
        }

        TimeSpan wait = record.Take(Environment.TickCount64);
        if (wait == TimeSpan.Zero)
        {
            Write(number, record);
        }
        else
        {
            loop.After(wait, () =>
            {
                // It may have ended, or be another one's number.
                if (record.IsDue() && _kept.GetValueOrDefault(number)?.Calls.GetValueOrDefault(call.CallId) == record)
                {
                    Write(number, record);
                }
            });
        }
    }

    public void RemoveCall(ulong number, uint callId)
    {
        if (_kept.TryGetValue(number, out Kept? kept) && kept.Calls.Remove(callId))
        {
            _journal?.Write(new JournalRecord { EndedCall = new EndedCall { Number = number, CallId = callId } });
            Tidy();
        }
    }

    public void Remove(ulong number)
    {
        if (_kept.Remove(number))
        {
            _journal?.Write(new JournalRecord { EndedSession = number });
            Forget(StoreNames.Session(number));
            Tidy();
        }
    }

    /// <summary>Takes something out of the store.</summary>
    public void Forget(string name) => Tell($"FDSTOREREMOVE=1\nFDNAME={name}", null);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isDisposed = true;
        _journal?.Dispose();
        _early.ForEach(early => early.Socket.Dispose());
        while (_unsent.TryDequeue(out (string State, Descriptor? Descriptor) unsent))
        {
            unsent.Descriptor?.Dispose();
        }
    }

    private static void WriteSession(Journal journal, ulong number, Kept kept) => journal.Write(new JournalRecord
    {
        Session = new KeptSession { Number = number, Node = journal.Numbers.Of(kept.Node), IsShared = kept.IsShared },
    });

    private void Write(ulong number, CallRecord record)
    {
        if (_journal is not null && !_isDisposed)
        {
            _journal.Write(new JournalRecord { Call = new KeptCall { Number = number, Call = record.State } });
            Tidy();
        }
    }

    private void Tidy()
    {
        if (_journal is not null
            && ((_journal.Count > MinRecords && _journal.Count > _fresh * 2)
                || (_journal.Bytes > MinBytes && _journal.Bytes > _freshBytes * 2)))
        {
            WriteAnew();
        }
    }

    // The new journal is whole before the store has it, and the old one is there until then.
    private void WriteAnew()
    {
        var journal = new Journal();
        foreach ((ulong number, Kept kept) in _kept)
        {
            WriteSession(journal, number, kept);
            if (kept.Owner is not null)
            {
                journal.Write(new JournalRecord { Owner = kept.Owner });
            }

            foreach (CallRecord call in kept.Calls.Values)
            {
                journal.Write(new JournalRecord { Call = new KeptCall { Number = number, Call = call.State } });
            }
        }

        if (_journal is not null)
        {
            _generation++;
        }

        Store(StoreNames.Journal(_generation), journal.File);
        if (_journal is not null)
        {
            Forget(StoreNames.Journal(_generation - 1));
            _journal.Dispose();
        }

        _journal = journal;
        _fresh = journal.Count;
        _freshBytes = journal.Bytes;
    }

    private void Store(string name, Descriptor descriptor) => Tell($"FDSTORE=1\nFDNAME={name}", descriptor);

    // In order. The manager's queue is long; while it is full all the same, this process does not wait for it.
    private void Tell(string state, Descriptor? descriptor)
    {
        if (_unsent.Count == 0 && TrySend(state, descriptor))
        {
            return;
        }

        if (descriptor is not null && _unsent.Count >= MaxUnsent)
        {
            // That session alone is not there after a crash.
            HostingLog.StoreFailed(logger, "it does not read what it is told");
            return;
        }

        _unsent.Enqueue((state, descriptor?.Duplicate()));
        if (_unsent.Count == 1)
        {
            loop.After(Retry, SendUnsent);
        }
    }

    private void SendUnsent()
    {
        while (_unsent.TryPeek(out (string State, Descriptor? Descriptor) next))
        {
            if (!TrySend(next.State, next.Descriptor))
            {
                loop.After(Retry, SendUnsent);
                return;
            }

            _unsent.Dequeue().Descriptor?.Dispose();
        }
    }

    private bool TrySend(string state, Descriptor? descriptor)
    {
        int errno = manager.Send(state, descriptor);
        if (errno is Errno.Again or Errno.TooManyRefs or Errno.NoBufs)
        {
            return false;
        }

        if (errno != 0)
        {
            HostingLog.StoreFailed(logger, System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno));
        }

        return true;
    }

    private sealed class Kept(HandleNode node, bool isShared)
    {
        public HandleNode Node { get; } = node;

        public bool IsShared { get; } = isShared;

        public KeptOwner? Owner { get; set; }

        public Dictionary<uint, CallRecord> Calls { get; } = [];
    }
}
