// SPDX-License-Identifier: BSD-2-Clause
using System.Globalization;

namespace Flower.Run.Agent;

/// <summary>
/// Says why connects in the box fail, but not more lines than somebody reads: a program that tries over and over does
/// not fill a disk. For one thread.
/// </summary>
internal sealed class RefusalLog(TimeProvider time)
{
    private const int MaxLines = 10;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private long _began;
    private int _lines;
    private int _unsaid;

    /// <summary>Says it, at most ten times a second.</summary>
    public void Say(string destination, string why)
    {
        if (time.GetElapsedTime(_began) >= Period)
        {
            SayRest();
            _began = time.GetTimestamp();
            _lines = 0;
        }

        if (_lines++ < MaxLines)
        {
            AgentLog.Say($"connect to {destination}: {why}");
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
            AgentLog.Say(string.Create(
                CultureInfo.InvariantCulture, $"{_unsaid} more such lines were left out"));
            _unsaid = 0;
        }
    }
}
