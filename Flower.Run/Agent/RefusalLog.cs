// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Run.Agent;

/// <summary>
/// Says why connects in the box fail, but not more lines than somebody reads: a program that tries over and over does
/// not fill a disk, and one that tries both families of a name is told once. For one thread.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="say">Prints a line.</param>
internal sealed class RefusalLog(TimeProvider time, Action<string> say)
{
    private const int MaxLines = 10;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private long _began;
    private int _unsaid;

    /// <summary>Says it, once and with nine others at most within a second.</summary>
    public void Say(string destination, string why)
    {
        if (time.GetElapsedTime(_began) >= Period)
        {
            SayRest();
            _began = time.GetTimestamp();
            _said.Clear();
        }

        string line = $"connect to {destination}: {why}";
        if (_said.Contains(line))
        {
            return;
        }

        if (_said.Count < MaxLines)
        {
            _said.Add(line);
            say(line);
        }
        else
        {
            _unsaid++;
        }
    }

    /// <summary>Says how many were left out.</summary>
    public void SayRest()
    {
        if (_unsaid > 0)
        {
            say(_unsaid == 1
                ? "1 more such line was left out"
                : string.Create(CultureInfo.InvariantCulture, $"{_unsaid} more such lines were left out"));
            _unsaid = 0;
        }
    }
}
