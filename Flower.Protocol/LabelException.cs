// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Protocol;

/// <summary>Labels that break a rule. The message says which, and what to do about it.</summary>
public sealed class LabelException : FormatException
{
    /// <summary>A broken rule.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="keys">The keys at fault, if any are known.</param>
    public LabelException(string message, params IReadOnlyList<string> keys)
        : base(message) => Keys = keys;

    /// <summary>The keys at fault; may be empty.</summary>
    public IReadOnlyList<string> Keys { get; }
}
