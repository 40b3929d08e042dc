// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;
using Flower.Rpc.State;
using Flower.Switchboard.State;

namespace Flower.Switchboard.Hosting.CrashStore;

/// <summary>
/// What the service manager kept for this process while it was not there. Owns the descriptors until they are taken.
/// </summary>
internal sealed class Recovery : IDisposable
{
    private readonly Dictionary<string, Descriptor> _passed;
    private readonly string[] _names;

    private Recovery(Dictionary<string, Descriptor> passed)
    {
        _passed = passed;
        _names = [.. passed.Keys.Where(name => StoreNames.SessionOf(name) + StoreNames.JournalOf(name) > 0)];
    }

    /// <summary>The generation of the latest journal; 0: there was none.</summary>
    public ulong Generation { get; private set; }

    /// <summary>The largest number of a session in the store.</summary>
    public ulong LastNumber { get; private set; }

    /// <summary>The board, as far as it was kept.</summary>
    public BoardState State { get; private set; } = new() { Version = BoardSaver.Version };

    /// <summary>The descriptors of the board.</summary>
    public DescriptorTable Descriptors { get; private set; } = new();

    /// <summary>There was a journal, and this program cannot read it.</summary>
    public bool IsOtherVersion { get; private set; }

    /// <summary>What is in the store and of no use any more.</summary>
    public IReadOnlyList<string> Leftovers { get; private set; } = [];

    /// <summary>What was passed to this process, as its environment says.</summary>
    public static Recovery Read()
    {
        var passed = new Dictionary<string, Descriptor>(StringComparer.Ordinal);
        foreach ((int number, string name) in PassedByManager.Read(
            Environment.GetEnvironmentVariable, Environment.ProcessId, out _))
        {
            // Two of a name are none that this program stored.
            if (StoreNames.IsOne(name) && InheritedDescriptor.CloseOnExec(number))
            {
                passed.TryAdd(name, Descriptor.Adopt(number));
            }
        }

        var recovery = new Recovery(passed);
        recovery.ReadJournal();
        return recovery;
    }

    /// <summary>A listening socket that was kept; null: there is none. The caller owns it.</summary>
    public Descriptor? TakeDoor(string name) => _passed.Remove(name, out Descriptor? door) ? door : null;

    /// <summary>It is of no use: the board begins empty, and all that the store has of sessions is left over.</summary>
    public void GiveUp()
    {
        Descriptors.Dispose();
        Descriptors = new();
        State = new() { Version = BoardSaver.Version, LastConnectionId = State.LastConnectionId };
        Leftovers = _names;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Descriptors.Dispose();
        foreach (Descriptor descriptor in _passed.Values)
        {
            descriptor.Dispose();
        }

        _passed.Clear();
    }

    private void ReadJournal()
    {
        Generation = _passed.Keys.Select(StoreNames.JournalOf).DefaultIfEmpty().Max();
        LastNumber = _passed.Keys.Select(StoreNames.SessionOf).DefaultIfEmpty().Max();
        var sessions = new SortedDictionary<ulong, SessionState>();
        if (Generation > 0)
        {
            List<JournalRecord> records = Journal.Read(_passed[StoreNames.Journal(Generation)]);
            IsOtherVersion = records.Count == 0 || records[0].Version != Journal.Version;
            if (!IsOtherVersion)
            {
                records.ForEach(record => Apply(record, sessions));
            }
        }

        var table = new List<Descriptor>();
        foreach ((ulong number, SessionState session) in sessions)
        {
            // Only who understands what happened can go on; the others see the end of their session.
            if ((session.Owner is null || session.UnderstandsRestarted)
                && _passed.Remove(StoreNames.Session(number), out Descriptor? socket))
            {
                table.Add(socket);
                session.Socket = (uint)table.Count;
                session.Restarted = session.Owner is not null;
                State.Sessions.Add(session);
            }
        }

        Descriptors = new DescriptorTable(table);
        State.LastHandleId = State.Handles.Select(handle => handle.Id).DefaultIfEmpty().Max();
        // What was numbered since the last record of it is not known: another range of numbers.
        State.LastConnectionId = Generation << 40;
        Leftovers = [.. _names.Where(_passed.ContainsKey)];
    }

    private void Apply(JournalRecord record, SortedDictionary<ulong, SessionState> sessions)
    {
        switch (record.KindCase)
        {
            case JournalRecord.KindOneofCase.Handle:
                State.Handles.Add(record.Handle);
                break;
            case JournalRecord.KindOneofCase.Node:
                State.Nodes.Add(record.Node);
                break;
            case JournalRecord.KindOneofCase.Session:
                sessions[record.Session.Number] = new SessionState
                {
                    Stored = record.Session.Number,
                    Authority = record.Session.Node,
                    IsShared = record.Session.IsShared,
                };
                break;
            case JournalRecord.KindOneofCase.Owner when sessions.TryGetValue(record.Owner.Number, out SessionState? owned):
                owned.Owner = record.Owner.Owner;
                owned.UnderstandsRestarted = record.Owner.UnderstandsRestarted;
                break;
            case JournalRecord.KindOneofCase.Call when sessions.TryGetValue(record.Call.Number, out SessionState? caller):
                Remove(caller, record.Call.Call.CallId);
                caller.Calls.Add(record.Call.Call);
                break;
            case JournalRecord.KindOneofCase.EndedCall
                when sessions.TryGetValue(record.EndedCall.Number, out SessionState? session):
                Remove(session, record.EndedCall.CallId);
                break;
            case JournalRecord.KindOneofCase.EndedSession:
                sessions.Remove(record.EndedSession);
                break;
            default:
                break;
        }
    }

    private static void Remove(SessionState session, uint callId)
    {
        if (session.Calls.FirstOrDefault(call => call.CallId == callId) is CallState before)
        {
            session.Calls.Remove(before);
        }
    }
}
