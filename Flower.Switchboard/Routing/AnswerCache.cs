// SPDX-License-Identifier: BSD-2-Clause
using Flower.Protocol;

namespace Flower.Switchboard.Routing;

/// <summary>
/// What a resolver answered, for as long as it holds. Bounded: the oldest answers make room. Pure: whoever uses it gives
/// the time, in milliseconds of a clock that never goes back.
/// </summary>
/// <param name="maxAnswers">The most answers.</param>
/// <param name="maxSize">The most bytes of all answers together.</param>
internal sealed class AnswerCache<T>(int maxAnswers, long maxSize)
    where T : class
{
    private readonly Dictionary<LabelSet, LinkedListNode<Answer>> _answers = [];
    private readonly LinkedList<Answer> _order = new();

    public int Count => _order.Count;

    /// <summary>The bytes of all answers, as they were told.</summary>
    public long Size { get; private set; }

    /// <summary>The answer to a question, if there is one that holds.</summary>
    public T? Find(LabelSet question, long now)
    {
        if (!_answers.TryGetValue(question, out LinkedListNode<Answer>? node))
        {
            return null;
        }

        if (now < node.Value.Until)
        {
            return node.Value.Said;
        }

        Remove(node);
        return null;
    }

    /// <summary>Keeps an answer, in the place of an earlier one.</summary>
    /// <param name="question">The question.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="size">Its bytes; one that is larger than all may be is not kept.</param>
    /// <param name="now">The time.</param>
    /// <param name="timeToLive">How long it holds, in milliseconds; 0: it is not kept.</param>
    public void Add(LabelSet question, T answer, long size, long now, long timeToLive)
    {
        if (_answers.TryGetValue(question, out LinkedListNode<Answer>? earlier))
        {
            Remove(earlier);
        }

        if (timeToLive <= 0 || size > maxSize)
        {
            return;
        }

        while (_order.Count >= maxAnswers || Size + size > maxSize)
        {
            Remove(_order.First!);
        }

        _answers.Add(question, _order.AddLast(new Answer(question, answer, size, now + timeToLive)));
        Size += size;
    }

    private void Remove(LinkedListNode<Answer> node)
    {
        _order.Remove(node);
        _answers.Remove(node.Value.Question);
        Size -= node.Value.Size;
    }

    private readonly record struct Answer(LabelSet Question, T Said, long Size, long Until);
}
