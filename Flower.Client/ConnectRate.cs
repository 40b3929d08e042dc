// SPDX-License-Identifier: BSD-2-Clause
namespace Flower.Client;

/// <summary>Connects each second.</summary>
/// <param name="Accepted">Made.</param>
/// <param name="Refused">Refused.</param>
public readonly record struct ConnectRate(double Accepted, double Refused);
