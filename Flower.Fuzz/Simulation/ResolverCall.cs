// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol.V1;
using Flower.Rpc.Interop;
using Google.Protobuf;

namespace Flower.Fuzz.Simulation;

/// <summary>A resolver, and the questions that it was asked.</summary>
/// <param name="peer">Whose it is.</param>
/// <param name="tag">By which it is told apart.</param>
/// <param name="keys">That it translates.</param>
internal sealed class ResolverCall(Peer peer, string tag, IReadOnlyList<string> keys)
    : RegisteredCall(peer, "ResolverStart", tag)
{
    private readonly Dictionary<ulong, HeardQuestion> _questions = [];
    private ulong _last;

    /// <summary>The last question of another switchboard, whose questions are asked anew.</summary>
    public ulong AskedBefore { get; set; }

    /// <summary>The questions that somebody waits for.</summary>
    public IEnumerable<HeardQuestion> Open =>
        _questions.Values.Where(q => q is { IsAnswered: false, IsWithdrawn: false } && q.Id > AskedBefore);

    /// <summary>One of all that it was ever asked.</summary>
    public HeardQuestion? Any(Choices choices) =>
        _questions.Count == 0 ? null : _questions.Values.ElementAt(choices.Next(_questions.Count));

    /// <summary>Answers with what the name stands for; with nothing: that there is no such name.</summary>
    /// <param name="question">The question.</param>
    /// <param name="targets">Labels of what it stands for, with a priority and a weight.</param>
    /// <param name="timeToLiveMs">How long that holds.</param>
    /// <param name="more">There is another part.</param>
    public void Answer(
        HeardQuestion question, IEnumerable<((string Key, string Value) Label, int Priority, int Weight)> targets,
        int timeToLiveMs, bool more)
    {
        var resolution = new Resolution { QuestionId = question.Id, TimeToLiveMs = (uint)timeToLiveMs, More = more };
        var named = new List<string>();
        foreach (((string key, string value), int priority, int weight) in targets)
        {
            resolution.Targets.Add(new Resolved
            {
                Labels = World.Stated((key, value)),
                Priority = (uint)priority,
                Weight = (uint)weight,
            });
            named.Add($"{key}={value}");
        }

        if (Say(new ResolverStartRequest { Resolution = resolution }))
        {
            World.OnNamed(question.Asked, named);
            question.IsAnswered |= !more;
        }
    }

    /// <summary>Says that it cannot answer.</summary>
    public void Fail(HeardQuestion question)
    {
        if (Say(new ResolverStartRequest { Resolution = new() { QuestionId = question.Id, Failure = "broken\u0007" } }))
        {
            question.IsAnswered = true;
        }
    }

    /// <summary>Answers what it was never asked.</summary>
    public void AnswerWrongly()
    {
        if (Say(new ResolverStartRequest { Resolution = new() { QuestionId = _last + 1_000_000 } }))
        {
            IsWrong = true;
        }
    }

    protected override (bool Started, int Descriptors) OnTold(ByteString message, List<Descriptor>? descriptors)
    {
        ResolverStartResponse told = ResolverStartResponse.Parser.ParseFrom(message);
        if (told.Question is Question question)
        {
            OnQuestion(new(question.Id, [.. question.Labels.Select(label => $"{label.Key}={label.Value}")]), question);
        }
        else if (told.Withdrawal is QuestionWithdrawal withdrawal)
        {
            HeardQuestion? withdrawn = _questions.GetValueOrDefault(withdrawal.QuestionId);
            BrokenException.Unless(
                withdrawn is { IsWithdrawn: false },
                $"{Name} hears that question {withdrawal.QuestionId} is void, which it was never asked, or twice");
            withdrawn!.IsWithdrawn = true;
        }

        return (told.Started is not null, 0);
    }

    private void OnQuestion(HeardQuestion heard, Question question)
    {
        BrokenException.Unless(heard.Id > _last, $"{Name} is asked {heard.Id} out of turn");
        BrokenException.Unless(
            question.Labels.Count > 0 && question.Labels.All(label => keys.Contains(label.Key)),
            $"{Name} is asked for what it does not translate: {heard.Text}");
        // What another switchboard has asked is asked anew, maybe while this one's question is on its way.
        BrokenException.Unless(
            heard.Id <= AskedBefore || Open.All(other => other.Text != heard.Text),
            $"{Name} is asked for {heard.Text} while it is asked for that");
        _last = heard.Id;
        _questions.Add(heard.Id, heard);
    }
}
