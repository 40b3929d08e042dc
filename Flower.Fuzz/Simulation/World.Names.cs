// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;
using Flower.Protocol.V1;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <content>Names: who asks for what a resolver translates, and what resolvers answer.</content>
internal sealed partial class World
{
    private const int MostResolvers = 3;

    // What resolvers translate, and the names of it. One of the second kind may be what one of the first stands for.
    private static readonly string[] NameKeys = ["host", "alias"];

    // What any resolver has ever answered.
    private readonly Dictionary<string, HashSet<string>> _named = new(StringComparer.Ordinal);

    /// <summary>A resolver has said what a name stands for.</summary>
    public void OnNamed(IEnumerable<string> asked, IEnumerable<string> answered)
    {
        foreach (string name in asked)
        {
            if (!_named.TryGetValue(name, out HashSet<string>? all))
            {
                all = new(StringComparer.Ordinal);
                _named.Add(name, all);
            }

            all.UnionWith(answered);
        }
    }

    // Whether a client that asked for the one may be led to the other.
    private bool LeadsTo(string wanted, string name)
    {
        if (wanted == name)
        {
            return true;
        }

        var seen = new HashSet<string>(StringComparer.Ordinal) { wanted };
        var left = new Queue<string>(seen);
        while (left.TryDequeue(out string? at))
        {
            foreach (string next in _named.GetValueOrDefault(at, []).Where(seen.Add))
            {
                left.Enqueue(next);
            }
        }

        return seen.Contains(name) || seen.Contains("name=" + name);
    }

    // What a connect asks for: the labels beside its number, and how the world calls that.
    private ((string Key, string Value) Label, string Wanted) AnyWish()
    {
        string name = AnyName();
        if (!_hasNames || _choices.OneIn(2))
        {
            return (("name", name), name);
        }

        string key = NameKeys[_choices.Next(NameKeys.Length)];
        return ((key, name), $"{key}={name}");
    }

    private void RegisterResolver(Peer peer)
    {
        if (_registered.OfType<ResolverCall>().Count() >= MostResolvers)
        {
            return;
        }

        string[] keys = _choices.Next(3) switch
        {
            0 => [NameKeys[0]],
            1 => [NameKeys[1]],
            _ => NameKeys,
        };
        Begin(new ResolverCall(peer, NextTag(), keys), keys);
    }

    private bool Begin(ResolverCall call, string[] keys)
    {
        var request = new ResolverStartRequest
        {
            Start = new ResolverStart { Labels = Stated((RegisteredCall.Tag, call.TagValue)), Keys = { keys } },
        };
        bool begins = call.Peer.Begin(call, [], new Frame { Message = request.ToByteString() });
        if (begins)
        {
            _registered.Add(call);
            _tags.Add(call.TagValue);
        }

        return begins;
    }

    // A resolver answers: soon, late, twice, in parts, that there is nothing, that it cannot; or ends.
    private void Resolve()
    {
        ResolverCall[] all = [.. _registered.OfType<ResolverCall>().Where(r => !r.Peer.IsOutlaw)];
        if (all.Length == 0)
        {
            return;
        }

        ResolverCall resolver = all[_choices.Next(all.Length)];
        HeardQuestion? question = _choices.OneIn(6) ? resolver.Any(_choices) : resolver.Open.FirstOrDefault();
        switch (_choices.Next(16))
        {
            case 0 when _choices.OneIn(2):
                resolver.Leave();
                break;
            case 1 when _choices.OneIn(4):
                resolver.AnswerWrongly();
                break;
            case 2 when question is not null:
                resolver.Fail(question);
                break;
            case 3 or 4:
                resolver.Grant();
                break;
            case 5 or 6:
                resolver.Peer.Read();
                break;
            default:
                if (question is not null)
                {
                    resolver.Answer(question, AnyAnswer(), TimeToLive(), more: _choices.OneIn(6));
                }

                break;
        }
    }

    private ((string, string), int, int)[] AnyAnswer() => [.. Enumerable.Range(0, _choices.Next(4)).Select(_ =>
    {
        // The last kind contradicts whatever asks.
        (string, string) label = _choices.Next(6) switch
        {
            0 => (NameKeys[_choices.Next(NameKeys.Length)], AnyName()),
            1 => (TargetCall.Number, "0"),
            _ => ("name", AnyName()),
        };
        return (label, _choices.Next(2), _choices.OneIn(2) ? _choices.Next(3) : 0);
    })];

    private int TimeToLive() => _choices.Next(3) switch
    {
        0 => 0,
        1 => 1 + _choices.Next(1000),
        _ => 60_000,
    };

    // A server for everything that anybody can wait for, and a resolver who knows every name: then nobody waits any more.
    private void Provide()
    {
        foreach ((string key, string value) in _choicesOfNames().Prepend(("", "")))
        {
            Arrive();
            Peer peer = _peers[^1];
            bool begins = key.Length == 0
                ? Begin(new ResolverCall(peer, NextTag(), NameKeys), NameKeys)
                : Begin(new TargetCall(peer, TargetKind.Server, key == "name" ? value : $"{key}={value}", NextTag(), 0), (key, value));
            BrokenException.Unless(begins, "a new session takes nothing");
        }

        IEnumerable<(string, string)> _choicesOfNames() => Enumerable.Range(0, _names)
            .Select(n => n.ToString(CultureInfo.InvariantCulture))
            .SelectMany(n => NameKeys.Append("name").Select(key => (key, n)));
    }
}
