// SPDX-License-Identifier: BSD-2-Clause
using Flower.Rpc.Interop;

namespace Flower.Tests.Faults;

/// <summary>One performance of a scenario: its parties, and the ends of sockets that stay outside. Owns them all.</summary>
internal sealed class Scene(string path) : IDisposable
{
    private readonly Dictionary<string, Party> _parties = new(StringComparer.Ordinal);
    private readonly List<Descriptor> _outside = [];

    /// <summary>The parties that have come so far.</summary>
    public IReadOnlyDictionary<string, Party> Parties => _parties;

    /// <summary>What a step has to tell a later one.</summary>
    public ulong Noted { get; set; }

    /// <summary>A party, which connects when it is first asked for.</summary>
    public Party this[string name]
    {
        get
        {
            if (!_parties.TryGetValue(name, out Party? party))
            {
                party = Party.Connect(path);
                _parties.Add(name, party);
            }

            return party;
        }
    }

    /// <summary>A party whose session is one that another party was sent.</summary>
    public void Hand(string name, Descriptor session) => _parties.Add(name, new(session));

    /// <summary>A socket to be given away; its other end stays outside.</summary>
    public Descriptor Outside()
    {
        (Descriptor given, Descriptor kept) = UnixSocket.StreamPair();
        _outside.Add(kept);
        return given;
    }

    /// <summary>Whether nobody has what was given away.</summary>
    public bool AllEnded => _outside.TrueForAll(kept => UnixSocket.IsHungUp(kept));

    /// <summary>Everybody goes, but for what stays outside.</summary>
    public void Leave()
    {
        foreach (Party party in _parties.Values)
        {
            party.Dispose();
        }
    }

    public void Dispose()
    {
        Leave();
        _outside.ForEach(kept => kept.Dispose());
    }
}
