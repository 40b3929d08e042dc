// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Sessions;

/// <summary>Is told when the condition of a registered target is another one. On the loop.</summary>
internal interface IConditionWatcher
{
    /// <summary>The weight, or whether it drains or is suspect, may be another one.</summary>
    /// <param name="target">Whose.</param>
    /// <param name="drained">It drained before.</param>
    void OnChanged(Target target, bool drained);

    /// <summary>What List tells of it is another.</summary>
    void OnTold(Target target);
}
