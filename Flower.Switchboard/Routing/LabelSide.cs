// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Switchboard.Routing;

/// <summary>Which of a handle's labels.</summary>
internal enum LabelSide
{
    /// <summary>The in-labels, attached to what it registers.</summary>
    In,

    /// <summary>The out-labels, attached to what it requests.</summary>
    Out,
}
